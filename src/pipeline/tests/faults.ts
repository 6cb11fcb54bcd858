import { suggestion } from '../../kit/names.ts';
import type { SourceRange } from '../read/source.ts';
import { asMap, asText, type MapTree, rangeAt, type Tree, valueAt } from '../read/tree.ts';
import { lookupsOf } from '../spec.ts';
import type { TestContext } from './context.ts';
import { faultSchemas } from './fault-structure.ts';
import type { TestFault } from './model.ts';

const faultKinds = ['sink', 'lookup', 'source', 'crash', 'restore', 'clock'] as const;
/** A fault of a sink or a lookup has at least one of these. */
const effects = { sink: ['fail', 'slow', 'refuse', 'lose_ack'], lookup: ['fail', 'slow'] } as const;

/** How a fault is written whose own word stands where it happens. */
const written: Readonly<Record<string, string>> = {
  cut: 'source: { cut: 3s }',
  jump: 'clock: { jump: -1h }',
  fail: 'sink: NAME, fail: { every: 2 }',
  slow: 'sink: NAME, slow: 2s',
  refuse: "sink: NAME, refuse: 'price > 100.0'",
  lose_ack: 'sink: NAME, lose_ack: 0.1',
};

function placeOf(word: string): string | undefined {
  const text = Object.hasOwn(written, word) ? written[word] : undefined;
  return text && `write { ${text} }`;
}

/** `faults` of a test. */
export function readFaults(map: MapTree, context: TestContext): readonly TestFault[] {
  const tree = map.entries.get('faults')?.value;
  if (tree?.kind !== 'list') return [];
  return tree.items.flatMap((item, at) => readFault(item, `faults[${at}]`, context) ?? []);
}

/** One fault of a topology; undefined if it is wrong. */
export function readFault(item: Tree, subject: string, context: TestContext): TestFault | undefined {
  const { problems } = context;
  const keys = [...(asMap(item)?.entries.keys() ?? [])];
  const kind = faultKinds.find((each) => keys.includes(each));
  if (!kind) {
    const [first] = keys;
    const hint = () => (first === undefined ? undefined : (placeOf(first) ?? suggestion(first, faultKinds, 'faults')));
    if (asMap(item)) problems.add(item.at, `expected one of ${faultKinds.join(', ')}`, { subject, hint });
    return undefined;
  }
  const value = context.checked(item, faultSchemas[kind], subject, item.at) as
    | Readonly<Record<string, unknown>>
    | undefined;
  if (!value) return undefined;
  if (kind === 'restore') checkRestored(item, subject, context);
  if (kind === 'lookup') checkLookup(item, subject, context);
  if ((kind === 'sink' || kind === 'lookup') && !effects[kind].some((each) => keys.includes(each)))
    problems.add(item.at, `nothing goes wrong: expected at least one of ${effects[kind].join(', ')}`, { subject });
  if (kind !== 'sink') return { kind, ...value } as TestFault;
  const sink = String(value['sink']);
  const refuseRange = rangeAt(item, ['refuse'], item.at);
  if (typeof value['refuse'] === 'string')
    context.checkCondition(value['refuse'], (text, hint) =>
      problems.add(refuseRange, text, { subject: `${subject}.refuse`, hint }),
    );
  const known = [...context.topology.branches.map(({ name }) => name), 'dead_letters'];
  checkSink(sink, known, { range: rangeAt(item, ['sink'], item.at), subject, problems });
  return { kind, refuseRange, ...value, branch: sink === 'dead_letters' ? undefined : sink } as TestFault;
}

/** Only a table has backups here. */
function checkRestored(item: Tree, subject: string, { topology, problems }: TestContext): void {
  const path = ['restore', 'sink'];
  const sink = String(asText(valueAt(item, path)));
  const tables = topology.branches.filter(({ sink: use }) => use.connector?.declaration?.twin === 'table');
  const names = tables.map(({ name }) => name);
  checkSink(sink, names, { range: rangeAt(item, path, item.at), subject, problems });
}

function checkLookup(item: Tree, subject: string, { topology, problems }: TestContext): void {
  const lookup = String(asText(valueAt(item, ['lookup'])));
  const known = lookupsOf(topology);
  if (known.includes(lookup)) return;
  problems.add(rangeAt(item, ['lookup'], item.at), `unknown lookup "${lookup}"`, {
    subject,
    hint: () => suggestion(lookup, known, `tables that "${topology.name}" asks`),
  });
}

function checkSink(
  sink: string,
  known: readonly string[],
  {
    range,
    subject,
    problems,
  }: { readonly range: SourceRange; readonly subject: string } & Pick<TestContext, 'problems'>,
): void {
  if (known.includes(sink)) return;
  problems.add(range, `unknown sink "${sink}"`, { subject, hint: () => suggestion(sink, known, 'sinks') });
}
