import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { eventually, Process } from './platform.ts';

// Plugins as their authors write them, in processes of their own: imported by Node.js itself, from files and packages.

export type Files = Readonly<Record<string, string>>;

/** A folder with fdp installed, and these files. */
export function projectIn(folder: string, files: Files): string {
  const all: Files = { 'package.json': '{ "type": "module" }', ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(process.cwd(), join(folder, 'node_modules', 'fdp'));
  return join(folder, 'pipeline.yml');
}

/** What `fdp` prints in this folder, and how it ends. */
export function fdpRun(folder: string, args: readonly string[], env: Files = {}) {
  const options = { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('bin/fdp-run.js'), ...args], options);
  return { status, stdout, stderr };
}

/** Every 100 ms a frame; `operators` see its trades. */
export const pipeline = (plugins: string, operators: string, more = '') => `plugins: [${plugins}]
connectors:
  market: { type: mock, symbols: [AAPL, MSFT], rate: 20/s, seed: 1 }
  letters: { type: file, path: letters.ndjson }
  out: { type: file, path: out.ndjson }
settings: { dead_letter: letters, shutdown: 2s }
topologies:
  show:
    source: market
    dead_letter: letters
    operators:
      - explode: { field: data, as: { symbol: s, price: p } }
${operators}
    sink: out
${more}`;

/** A plugin with an operator of this type; `body` makes it. */
export const operator = (
  type: string,
  body: string,
) => `import { defineOperator, perMessage, flatMap, derive } from 'fdp';
export const it = defineOperator({
  type: '${type}', summary: 'For a test.', example: '${type}: {}',
  options: { type: 'object', description: 'None.', additionalProperties: false, properties: {} },
  create: (_options, context) => ${body},
});
`;

/** The lines of a file, parsed; none while there is no file. */
export const lines = (folder: string, name: string): readonly Record<string, unknown>[] => {
  try {
    const text = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    return text.map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch {
    return [];
  }
};

/** Runs the pipeline until `seen`, then stops it. */
export async function runUntil(path: string, what: string, seen: (running: Process) => boolean) {
  await using running = new Process(['--pipeline', path], { OBSERVE_PORT: '0' });
  let ended: number | string | undefined;
  void running.ended.then((code) => {
    ended = code;
  });
  await eventually(what, async () => seen(running) || ended !== undefined);
  const code = ended ?? (await running.stop());
  return { code, output: running.output, log: running.log };
}
