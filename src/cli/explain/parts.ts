import { stringify } from 'yaml';
import { plain } from '../../pipeline/read/tree.ts';
import { type BranchSpec, lookupsOf, type OperatorSpec, type TopologySpec, type UseSpec } from '../../pipeline/spec.ts';

// What a topology is made of, in words: each connector and operator in one sentence, from its declaration and its options.

/** The most characters of an operator's options that are shown. */
const maxOptions = 160;

/** Hides secrets in a text. */
type Hide = (text: string) => string;

/** Rows of two cells: what it is, and what it does. */
export function partRows(topology: TopologySpec, hide: Hide): readonly (readonly string[])[] {
  const { source, operators, branches, routes, deadLetter } = topology;
  const steps = (all: readonly OperatorSpec[], indent = '') =>
    all.map((operator) => [indent + operator.type, operatorSentence(operator, hide)]);
  const lookups = lookupsOf(topology);
  return [
    ...(source ? [['source', useSentence(source, hide)]] : []),
    ...steps(operators),
    ...branches.flatMap((branch) => [
      [`sink ${branch.name}`, branchSentence(branch, hide)],
      ...steps(branch.operators, '  '),
    ]),
    ...routes.map(({ route, operators: own }) => ['route', `${route}: ${own.map(({ type }) => type).join(', ')}`]),
    ...(lookups.length === 0 ? [] : [['looks up', lookups.join(', ')]]),
    ...(routes.length > 0 ? [] : [['dead letter', deadLetterSentence(deadLetter, hide)]]),
  ];
}

/** The same as JSON. */
export function partsJson(topology: TopologySpec, hide: Hide): object {
  const { source, operators, branches, routes, deadLetter } = topology;
  const steps = (all: readonly OperatorSpec[]) =>
    all.map((operator) => ({ type: operator.type, does: operatorSentence(operator, hide) }));
  return {
    source: source ? { connector: source.connector?.name ?? null, does: useSentence(source, hide) } : null,
    operators: steps(operators),
    sinks: branches.map((branch) => ({
      name: branch.name,
      connector: branch.sink.connector?.name ?? null,
      after: branch.after?.name ?? null,
      does: branchSentence(branch, hide),
      operators: steps(branch.operators),
    })),
    routes: routes.map(({ route, operators: own }) => ({ route, operators: steps(own) })),
    looks_up: lookupsOf(topology),
    dead_letter: deadLetter?.connector?.name ?? null,
  };
}

/** `ticks (kafka), group processor: A topic of a Kafka cluster.` */
function useSentence({ connector, usage, role }: UseSpec, hide: Hide): string {
  if (!connector?.declaration) return 'not known: its variable is not set';
  const { type, summary } = connector.declaration;
  const group = role === 'source' && typeof usage['group'] === 'string' ? `, group ${usage['group']}` : '';
  return hide(`${connector.name} (${type})${group}: ${firstSentence(summary)}.`);
}

function branchSentence({ sink, after, bestEffort }: BranchSpec, hide: Hide): string {
  const notes = [
    ...(after ? [`Gets what ${after.name} has stored.`] : []),
    ...(bestEffort ? ['Is best effort: what it can not take at once is dropped.'] : []),
  ];
  return [useSentence(sink, hide), ...notes].join(' ');
}

function deadLetterSentence(deadLetter: UseSpec | undefined, hide: Hide): string {
  if (!deadLetter) return 'none: a message that is rejected is logged and counted.';
  const { connector } = deadLetter;
  return hide(`${connector?.name} (${connector?.declaration?.type}): gets what is rejected, with the reason.`);
}

/** The first sentence of its summary, and the options that the pipeline gives. */
function operatorSentence({ declaration, tree }: OperatorSpec, hide: Hide): string {
  const given = plain(tree);
  const text = given === undefined || given === null ? '' : optionText(given);
  const shown = text.length > maxOptions ? `${text.slice(0, maxOptions - 3)}...` : text;
  return hide(`${firstSentence(declaration?.summary ?? '')}${shown === '' ? '' : ` (${shown})`}.`);
}

function optionText(options: unknown): string {
  if (typeof options === 'string') return options;
  const text = stringify(options, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();
  return text.replace(/^\{(.*)\}$/s, '$1');
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.)\s/)[0]?.replace(/\.$/, '') ?? '';
}
