import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = (path: string) => JSON.stringify(join(process.cwd(), 'src', path));

/** Logs a line, waits until the reader has gone, logs more, and prints on stdout that it reached its end. */
function program(destination: string): string {
  return `
    import { createLog } from ${source('observe/log.ts')};
    import { createPainter } from ${source('observe/painter.ts')};
    const painter = createPainter(process.stderr, {});
    const log = await createLog({ level: 'info' ${destination} });
    log.info({}, 'first');
    await new Promise((resolve) => process.stdin.once('end', resolve).resume());
    for (let line = 0; line < 100; line++) {
      log.info({ line }, 'nobody reads this');
      await new Promise((resolve) => setImmediate(resolve));
    }
    log.flush();
    console.log('came to its end');
  `;
}

describe('log', () => {
  it.each([
    ['its own stream', ''],
    ['the painter', ', destination: painter'],
  ])('does not end the process when the reader of stderr goes away (%s)', async (_, destination) => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program(destination)];
    const child = spawn(process.execPath, args, { stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const [first] = await once(child.stderr, 'data');
    child.stderr.destroy();
    await once(child.stderr, 'close');
    child.stdin.end();
    const [code] = await once(child, 'close');
    expect(JSON.parse(String(first))).toMatchObject({ level: 'info', msg: 'first' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'came to its end\n' });
  });
});
