import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';

const expected = (rows: number) =>
  `name: a trade\ntopology: processor\ninput: { mock: { trades: 5 } }\nexpect: { trades: ${rows} }\n`;

async function run(...args: readonly string[]) {
  await using process = new Process(['test', ...args]);
  const code = await process.ended;
  return { code, stdout: process.stdout, stderr: process.output.slice(process.stdout.length) };
}

describe('fdp test', () => {
  it('runs the shipped tests, and leaves nothing behind', async () => {
    const { code, stdout } = await run();
    expect(stdout).toContain('ok    tests/processor.test.yml: ');
    expect(stdout).toMatch(/\n\d+ tests: \d+ passed \(seed 1\)\n$/);
    expect(code).toBe(0);
  });

  it('ends with 1 when a test fails, 2 when a file is wrong or a flag is', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'a.test.yml');
    writeFileSync(file, expected(6));
    const failed = await run(file);
    expect(failed.stdout).toContain(`${file}:4:19: trades: expected 6, got 5`);
    expect(failed).toMatchObject({ code: 1, stderr: '' });
    writeFileSync(file, expected(5).replace('trades: 5 }\n', 'tardes: 5 }\n'));
    const wrong = await run(file);
    expect(wrong.stderr).toContain('did you mean "trades"?');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    const json = await run(file, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: false, problems: [{ line: 4 }] });
    expect(await run('--seed', 'x')).toMatchObject({ code: 2 });
  });

  it('with --watch runs again when a test or the pipeline changes, and ends with 0 by a signal', async () => {
    using folder = temporaryFolder();
    const pipeline = pipelineCopy(folder.path);
    const file = join(dirname(pipeline), 'a.test.yml');
    writeFileSync(file, expected(5));
    await using watch = new Process(['--pipeline', pipeline, 'test', '--watch']);
    const shows = (text: string) => eventually(text, async () => watch.output.includes(text));
    await shows('1 passed');
    writeFileSync(file, expected(6));
    await shows('0 passed, 1 failed');
    appendFileSync(pipeline, '\nmistake: 1\n');
    await shows('unknown key "mistake"');
    writeFileSync(pipeline, readFileSync(pipeline, 'utf8').replace('\nmistake: 1\n', ''));
    cpSync('tests/processor.test.yml', join(dirname(file), 'b.test.yml'));
    await shows('3 passed, 1 failed');
    expect(await watch.stop()).toBe(0);
  });
});
