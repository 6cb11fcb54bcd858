import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
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

interface Flags {
  readonly quick?: true;
  readonly full?: true;
  readonly profile?: true;
  readonly rounds?: number;
}

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

const wholeRounds = (text: string) => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1 on');
  return Number(text);
};
const program = new Command('bench')
  .description('Measures fdp beside hand-written loops; docs/performance.md says what is measured.')
  .addArgument(new Argument('[paths...]', 'what is measured').choices(paths.map(({ name }) => name)))
  .option('--quick', 'small sizes, one round')
  .addOption(new Option('--full', 'big sizes').conflicts('quick'))
  .option('--rounds <n>', 'how often each side has its turn (default: 3)', wholeRounds)
  .option('--profile', 'writes a CPU profile of each process to bench/profiles/')
  .parse();
const { quick, full, profile, rounds } = program.opts<Flags>();
const chosen = program.processedArgs[0] as readonly string[];
const size: Size = quick ? 'quick' : full ? 'full' : 'normal';
const folder = mkdtempSync(join(tmpdir(), 'fdp-bench-'));
await using services = new Services();
const bench: Bench = {
  size,
  rounds: rounds ?? (quick ? 1 : 3),
  services,
  folder,
  profile: (side) => (profile ? join('bench', 'profiles', side) : undefined),
  say: (text) => void process.stderr.write(`${text}\n`),
  sized: (choices) => choices[size],
};
execFileSync(process.execPath, [join('bin', 'build.js')], { stdio: 'inherit' });
const rows: Row[] = [];
try {
  for (const path of paths.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
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
