import {
  celFunctions,
  celMistakes,
  celOperators,
  celRejections,
  expressionOperators,
} from '../../../operators/support/expression-reference.ts';
import { code, markdownPage, markdownTable, yamlBlock } from '../shared/markdown.ts';

type Documented = (typeof celOperators)[number];

/** docs/reference/expressions.md: CEL as messages need it. */
export function expressionsReference(): string {
  return markdownPage('Expressions', [
    `${operatorLinks()} take expressions in [CEL](https://cel.dev), Google's Common Expression Language. An expression is checked when the pipeline is read, as far as the fields and their types are known, and evaluated for each message. It reads nothing but the message, and can not loop or fail to end.`,
    '## Names',
    `A name is a field of the message's value, as the operator before has left it. Which fields those are is known after an operator that names them (${'`explode` with `as`, `map`, `params`, `find` on a table with `fields`'}): from there on a misspelt name is a mistake of the pipeline. Before that, at a source, every name is taken, and a message that lacks the field is rejected. Origin and dates of a message (` +
      '`topic`, `offset`, `received`, ...) are names of [templates](pipeline.md#templates), not of expressions; a template can make a field of them.',
    yamlBlock(namesExample),
    markdownTable(
      ['operator', 'names', 'must give', 'otherwise'],
      expressionOperators.map(({ type, names, gives, otherwise }) => [link(type), names, gives, otherwise]),
    ),
    '## Types',
    'A number of a message is a double, also one without a fraction; an integer comes only from a literal without a point or from a function, and becomes a number in the result. Arithmetic needs numbers on both sides: write `100.0`, not `100`. Comparisons take both. Prices and volumes of tables (`decimal`) are text with exact digits: `double(price)` makes a number of one. A date is a number, Unix milliseconds. Any field may be null.',
    '## Operators',
    documentedTable('operator', celOperators),
    '## Functions',
    documentedTable(
      'function',
      celFunctions.filter(({ kind }) => kind === 'function'),
    ),
    '## Methods',
    documentedTable(
      'method',
      celFunctions.filter(({ kind }) => kind === 'method'),
    ),
    '## Mistakes that validation finds',
    '`fdp validate` reports them with line and column before anything starts.',
    markdownTable(
      ['expression', 'known fields', 'reported'],
      celMistakes.map(({ source, shape, text }) => [code(source), code(shown(shape)), text]),
    ),
    '## Why a message is rejected',
    'A mistake that only shows in a message rejects that message with `FDP_MESSAGE_INVALID`; other messages continue. The reason names the expression and the value.',
    markdownTable(
      ['expression', 'message', 'reason'],
      celRejections.map(({ source, fields, text }) => [code(source), code(shown(fields)), text]),
    ),
  ]);
}

const namesExample = `operators:
  - explode: { field: data, as: { symbol: s, price: p, time: t, volume: v, received: "{received}" } }
  - require: 'price > 0.0 && time < received + 86400000.0'
  - map: { symbol: 'symbol', turnover: 'price * volume', time: 'iso(time)' }`;

function operatorLinks(): string {
  const links = expressionOperators.map(({ type }) => link(type));
  return `${links.slice(0, -1).join(', ')} and ${links.at(-1)}`;
}

function link(type: string): string {
  return `[\`${type}\`](operators.md#${type})`;
}

function documentedTable(what: string, all: readonly Documented[]): string {
  const rows = all.map(({ form, gives, meaning, samples }) => [
    code(form),
    gives,
    meaning,
    samples.map(({ source, fields, result }) => sample(source, fields, result)).join('<br>'),
  ]);
  return markdownTable([what, 'gives', 'meaning', 'example'], rows);
}

function sample(source: string, fields: object | undefined, result: unknown): string {
  const given = fields === undefined ? '' : ` of ${code(shown(fields))}`;
  return `${code(source)}${given} is ${code(JSON.stringify(result))}`;
}

function shown(fields: object): string {
  return JSON.stringify(fields);
}
