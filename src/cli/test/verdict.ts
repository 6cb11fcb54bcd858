import { decimalText } from '../../kit/decimal.ts';
import type { SourceRange } from '../../pipeline/read/source.ts';
import type { Spec } from '../../pipeline/spec.ts';
import type { Expectation, Expected, PipelineTest } from '../../pipeline/tests/model.ts';
import type { RunOutcome } from '../../simulate/run.ts';
import type { Failure } from './failure.ts';
import { assigned, matches } from './matching.ts';
import { orderFailures } from './order.ts';
import { durationText, jsonLine } from './texts.ts';

type Content = Extract<Expectation, { kind: 'content' }>;

/** What of a test does not hold; none if all of it does. */
export function failuresOf(test: PipelineTest, outcome: RunOutcome, spec: Spec): readonly Failure[] {
  const { doneMs, trouble } = outcome;
  const whole: Failure[] = [];
  if (doneMs === undefined) {
    const limit = test.withinMs === undefined ? 'in time' : `within ${durationText(test.withinMs)}`;
    whole.push({ range: test.withinRange ?? test.range, text: `not done ${limit}: ${trouble}`, diff: [] });
  } else if (trouble !== undefined) whole.push({ range: test.range, text: trouble, diff: [] });
  return [...whole, ...test.expect.flatMap((expectation) => failuresIn(expectation, outcome, spec))];
}

function failuresIn(expectation: Expectation, outcome: RunOutcome, spec: Spec): readonly Failure[] {
  switch (expectation.kind) {
    case 'content':
      return contentFailures(expectation, outcome, spec);
    case 'committed':
      return committedFailures(expectation.positions, outcome);
    case 'order':
      return orderFailures(expectation, outcome.stored);
    case 'replies':
      return listFailures('replies', { ...expectation, all: expectation.replies }, outcome.replies);
  }
}

function contentFailures(expectation: Content, outcome: RunOutcome, spec: Spec): readonly Failure[] {
  const { name, connector, count, some } = expectation;
  const got = connector === undefined ? countedOnly(outcome) : (outcome.contents.get(connector) ?? []);
  const source = connector === undefined ? undefined : spec.connectors.get(connector);
  const read = (each: Expected) => ({ ...each, value: asKept(each.value, source?.options) });
  const failures: Failure[] = [];
  if (count !== undefined && count.value !== got.length)
    failures.push({
      range: count.range,
      text: `${name}: expected ${count.value}, got ${got.length}`,
      diff: shown('+', got),
    });
  if (some) {
    const wanted = some.map(read);
    const found = assigned(
      wanted.map(({ value }) => value),
      got,
    );
    const missing = wanted.filter((_each, at) => found[at] === undefined);
    const left = got.filter((_each, at) => !found.includes(at));
    for (const { value, range } of missing)
      failures.push({ range, text: `${name}: is not there`, diff: [...shown('-', [value]), ...shown('+', left)] });
  }
  const inOrder = source?.declaration?.twin === 'messages' || source?.declaration?.twin === 'requests';
  if (expectation.all === undefined) return failures;
  const all = { ...expectation, all: expectation.all.map(read) };
  return [...failures, ...(inOrder ? listFailures(name, all, got) : setFailures(name, all, got))];
}

interface All {
  readonly range: SourceRange;
  readonly all: readonly Expected[];
}

/** Without a connector for dead letters messages are only counted. */
function countedOnly({ rejected }: RunOutcome): readonly unknown[] {
  return Array.from({ length: rejected }, () => ({}));
}

/** So many, in any order. */
function setFailures(name: string, { range, all }: All, got: readonly unknown[]): readonly Failure[] {
  const found = assigned(
    all.map(({ value }) => value),
    got,
  );
  const missing = all.filter((_each, at) => found[at] === undefined);
  const left = got.filter((_each, at) => !found.includes(at));
  if (missing.length === 0 && left.length === 0) return [];
  const diff = [
    ...shown(
      '-',
      missing.map(({ value }) => value),
    ),
    ...shown('+', left),
  ];
  const [only, other] = missing;
  const at = only && !other ? only.range : range;
  const text =
    all.length === got.length
      ? `${missing.length} of ${all.length} ${missing.length === 1 ? 'is' : 'are'} not there`
      : `expected ${all.length}, got ${got.length}`;
  return [{ range: at, text: `${name}: ${text}`, diff }];
}

/** So many, in this order; the first that differs is reported. */
function listFailures(name: string, { range, all }: All, got: readonly unknown[]): readonly Failure[] {
  const first = all.findIndex(({ value }, at) => !matches(value, got[at]));
  const expected = all[first];
  if (expected && first < got.length) {
    const diff = [...shown('-', [expected.value]), ...shown('+', [got[first]])];
    return [{ range: expected.range, text: `${name}: number ${first + 1} differs`, diff }];
  }
  if (all.length === got.length) return [];
  const missing = all.slice(got.length).map(({ value }) => value);
  const diff = [...shown('-', missing), ...shown('+', got.slice(all.length))];
  return [{ range: expected?.range ?? range, text: `${name}: expected ${all.length}, got ${got.length}`, diff }];
}

function committedFailures(positions: readonly Expected[], { committed }: RunOutcome): readonly Failure[] {
  return positions.flatMap(({ value, range }) => {
    const { partition, offset } = value as { readonly partition: number; readonly offset: number };
    const got = committed.find((each) => each.partition === partition)?.offset;
    if (got === offset) return [];
    const others = committed.filter((each) => each.offset > 0);
    return [{ range, text: `committed: expected offset ${offset}, got ${got ?? 'none'}`, diff: shown('+', others) }];
  });
}

/** A row as its table keeps it: decimals may be given as numbers, dates as text. */
function asKept(value: unknown, options: unknown): unknown {
  const { fields } = (options ?? {}) as { readonly fields?: Readonly<Record<string, string>> };
  if (!fields || typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).map(([field, given]: [string, unknown]) => {
    const type = fields[field];
    if (type === 'decimal' && (typeof given === 'number' || typeof given === 'string'))
      return [field, decimalText(given) ?? given];
    if (type === 'date' && typeof given === 'string' && !Number.isNaN(Date.parse(given)))
      return [field, Date.parse(given)];
    return [field, given];
  });
  return Object.fromEntries(kept);
}

/** The most values of a diff that are shown. */
const mostShown = 10;

function shown(sign: '-' | '+', values: readonly unknown[]): readonly string[] {
  const lines = values.slice(0, mostShown).map((value) => `${sign} ${jsonLine(value)}`);
  return values.length > mostShown ? [...lines, `${sign} and ${values.length - mostShown} more`] : lines;
}
