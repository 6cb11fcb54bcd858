import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { type Components, pipelineSchema } from '../pipeline/give/json-schema.ts';
import { testFileSchema } from '../pipeline/give/test-schema.ts';
import { readSpec } from '../pipeline/read.ts';
import { sink } from './create/sink.ts';
import { source } from './create/source.ts';
import { picture } from './graph/graph.ts';
import { expressionsReference } from './reference/expressions.ts';
import { metricsReference } from './reference/metrics.ts';
import { pipelineReference } from './reference/pipeline.ts';
import {
  connectorsReference,
  operatorsReference,
  type PictureIn,
  referenceIndex,
  withComponentList,
  withPictures,
} from './reference/reference.ts';

// `npm run generate` writes the files made from the declarations; with `-- --check` it only reports outdated ones.

/** The generated files below `root`, by path, as they should be. */
export function generatedFiles(root: string, components: Components): ReadonlyMap<string, string> {
  const readme = join(root, 'README.md');
  const written = contentOf(readme);
  const architecture = join(root, 'docs', 'architecture.md');
  const architectureText = contentOf(architecture);
  const pictureIn = pictures(root, components);
  const reference = (name: string) => join(root, 'docs', 'reference', name);
  return new Map([
    [join(root, 'pipeline.schema.json'), `${JSON.stringify(pipelineSchema(components), null, 2)}\n`],
    [join(root, 'pipeline.test.schema.json'), `${JSON.stringify(testFileSchema(), null, 2)}\n`],
    [reference('README.md'), referenceIndex(components)],
    [reference('connectors.md'), connectorsReference(components.connectors)],
    [reference('expressions.md'), expressionsReference()],
    [reference('metrics.md'), metricsReference(components)],
    [reference('operators.md'), operatorsReference(components.operators)],
    [reference('pipeline.md'), pipelineReference(components.connectors)],
    ...examples(root),
    ...(written === undefined
      ? []
      : [[readme, withPictures(withComponentList(written, components), pictureIn)] as const]),
    ...(architectureText === undefined ? [] : [[architecture, withPictures(architectureText, pictureIn)] as const]),
  ]);
}

/** Connectors to copy: what `create` writes, on the kit of the checkout. */
function examples(root: string): readonly (readonly [string, string])[] {
  const inCheckout = (text: string) => text.replace("from 'fdp'", "from '../src/kit/index.ts'");
  const httpPoll = { type: 'http_poll', variable: 'httpPoll', module: './http-poll.ts' };
  const webhook = { type: 'webhook', variable: 'webhook', module: './webhook.ts' };
  return [
    [join(root, 'examples', 'http-poll.ts'), inCheckout(source.source(httpPoll))],
    [join(root, 'examples', 'webhook.ts'), inCheckout(sink.source(webhook))],
  ];
}

/** Pictures of the pipeline below `root`, whatever `.env` says. */
function pictures(root: string, components: Components): PictureIn {
  const request = { profile: 'embedded', env: { FDP_FEED: 'mock' }, components };
  return (format, names) => picture(readSpec({ pipelinePath: join(root, 'pipeline.yml'), ...request }), names, format);
}

/** The files that are missing or differ. */
export function staleFiles(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files].filter(([path, content]) => contentOf(path) !== content).map(([path]) => path);
}

/** Writes the files that are missing or differ, and returns their names. */
export function writeFiles(files: ReadonlyMap<string, string>): readonly string[] {
  const stale = staleFiles(files);
  for (const path of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, files.get(path) ?? '');
  }
  return stale;
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(args: readonly string[]): void {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const files = generatedFiles(root, { connectors, operators });
  const isCheck = args.includes('--check');
  const stale = isCheck ? staleFiles(files) : writeFiles(files);
  for (const path of stale) {
    const name = relative(root, path);
    process.stdout.write(isCheck ? `${name} is not current: run "npm run generate"\n` : `${name} written\n`);
  }
  if (isCheck && stale.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2));
