import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Path, Size } from './path.ts';
import { analytics } from './paths/analytics.ts';
import { api } from './paths/api.ts';
import { candles } from './paths/candles.ts';
import { engine } from './paths/engine.ts';
import { growth } from './paths/growth.ts';
import { ingestor } from './paths/ingestor.ts';
import { latency } from './paths/latency.ts';
import { processorCluster } from './paths/processor-cluster.ts';
import { processorEmbedded } from './paths/processor-embedded.ts';
import { start } from './paths/start.ts';
import { vwap } from './paths/vwap.ts';
import { Services } from './services.ts';
import { report, table } from './table.ts';
import type { Row } from './turns.ts';

const paths: readonly Path[] = [
  processorCluster,
  processorEmbedded,
  candles,
  ingestor,
  analytics,
  latency,
  vwap,
  api,
  engine,
  growth,
  start,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    rounds: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !paths.some((path) => path.name === name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no path ${unknown.join(', ')}; there are ${paths.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}
const size: Size = values.quick ? 'quick' : values.full ? 'full' : 'normal';
const folder = mkdtempSync(join(tmpdir(), 'fdp-bench-'));
await using services = new Services();
const bench: Bench = {
  size,
  rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
  services,
  folder,
  profile: (side) => (values.profile ? join('bench', 'profiles', side) : undefined),
  say: (text) => void process.stderr.write(`${text}\n`),
  sized: (choices) => choices[size],
};
execFileSync(process.execPath, [join('bin', 'build.js')], { stdio: 'inherit' });
const rows: Row[] = [];
try {
  for (const path of paths.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const since = performance.now();
    try {
      rows.push(...(await path.measure(bench)));
    } catch (error) {
      process.exitCode = 1; // the others are worth to be seen all the same
      bench.say(`${path.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    bench.say(`${path.name}: ${Math.round((performance.now() - since) / 1000)} s`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${table(rows)}\n`);
mkdirSync('bench', { recursive: true });
writeFileSync(join('bench', 'results.json'), `${JSON.stringify(report(rows, size), null, 2)}\n`);
