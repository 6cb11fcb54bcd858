import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { validate } from '../../../src/cli/validate.ts';
import { folderWith, shippedComponents } from '../../support/pipeline/spec.ts';

/** What `validate` prints of a pipeline, and its exit code. */
function validated(text: string, flags: { readonly json?: boolean } = {}) {
  const folder = folderWith({ 'pipeline.yml': text });
  return validate({ pipelinePath: `${folder}/pipeline.yml`, env: {}, components: shippedComponents, folder }, flags);
}

/** The warnings alone, as `line:column text | hint`. */
function warnings(text: string): readonly string[] {
  const { text: json } = validated(text, { json: true });
  const { warnings: list } = JSON.parse(json) as {
    readonly warnings: readonly Readonly<Record<'message' | 'hint' | 'line' | 'column', string>>[];
  };
  return list.map(({ line, column, message, hint }) => `${line}:${column} ${message} | ${hint}`);
}

const windows = (source: string, operator: string) => `name: test
settings: { dead_letter: rejected }
connectors:
  ticks: { type: sqlite_log, path: log.db, topic: ticks }
  rejected: { type: sqlite_log, path: log.db, topic: rejected }
topologies:
  t:
    source: { connector: ticks, group: t, ${source} }
    operators:
      - ${operator}
    sink: rejected
`;

const routes = (indexes: string, route: string) => `name: test
settings: { dead_letter: rejected }
connectors:
  rejected: { type: sqlite_log, path: log.db, topic: rejected }
  trades: { type: sqlite_table, path: store.db, table: trades, fields: { symbol: string, time: date, venue: string }, indexes: ${indexes} }
  http: { type: rest, listen: "127.0.0.1:8000" }
topologies:
  api:
    source: http
    routes:
      GET /trades${route}
        - reply: { as: data }
`;

describe('a window that is longer than what warms it up', () => {
  it.each([
    ['warm_up: 5m', 'vwap: { window: 1h, by: symbol }', '1h is longer than `warm_up` of the source, 5m', 'warm_up: 1h'],
    [
      'warm_up: 10',
      'vwap: { window: 50, by: symbol }',
      '50 trades are more than the 10 messages of `warm_up`',
      'warm_up: 50',
    ],
    [
      'warm_up: 1h',
      'vwap: { window: session, by: symbol }',
      'session is longer than `warm_up` of the source, 1h',
      'warm_up: 1440m',
    ],
    [
      'warm_up: 1h',
      'vwap: { window: session, calendar: XNYS, by: symbol }',
      'session is longer than `warm_up` of the source, 1h',
      'warm_up: 390m',
    ],
    [
      'warm_up: 30s',
      'rolling: { window: 1m, by: symbol, fields: { low: min } }',
      '1m is longer than `warm_up` of the source, 30s',
      'warm_up: 1m',
    ],
  ])('is warned of at its position: %s, %s', (source, operator, says, hint) => {
    const column = 9 + operator.indexOf('window: ') + 'window: '.length;
    const [type] = operator.split(':');
    expect(warnings(windows(source, operator))).toEqual([
      `10:${column} ${type}: ${says}: after a start the first trades of the window are missing | ${hint}`,
    ]);
  });

  it.each([
    ['warm_up: 1h', 'vwap: { window: 60m, by: symbol }'],
    ['warm_up: 50', 'vwap: { window: 50, by: symbol }'],
    ['warm_up: 390m', 'vwap: { window: session, calendar: XNYS, by: symbol }'],
    ['from: latest', 'vwap: { window: 1h, by: symbol }'],
    ['warm_up: 1000', 'vwap: { window: 1h, by: symbol }'],
    ['warm_up: 1m', 'vwap: { window: 50, by: symbol }'],
    ['warm_up: 1m', 'vwap: { window: { volume: 100 }, by: symbol }'],
  ])('is no other: %s, %s', (source, operator) => {
    expect(warnings(windows(source, operator))).toEqual([]);
  });

  it('prevents nothing: validate prints it as it prints problems, before what the pipeline would start', () => {
    const { text, exitCode } = validated(windows('warm_up: 5m', 'vwap: { window: 1h, by: symbol }'));
    expect([text.split('\n'), exitCode]).toEqual([
      [
        'pipeline.yml:10:25: warning: vwap: 1h is longer than `warm_up` of the source, 5m: after a start the first trades of the window are missing',
        '        - vwap: { window: 1h, by: symbol }',
        '                          ^^',
        '  warm_up: 1h',
        '',
        'pipeline.yml is valid: no profile; starts t',
        '',
      ],
      0,
    ]);
  });
});

describe('a query that no index leads to', () => {
  const find = (options: string, params = '') => `:
        - params: { limit: { type: integer, default: 10 }, before: { type: cursor }, symbol: { type: string }${params} }
        - find: { in: trades, ${options} }`;
  const scan = (what: string, hint: string) =>
    `13:23 find: no index of trades leads to ${what}: all rows of the table may be read | ${hint}`;
  const page = 'page: { limit: "{limit}", before: "{before}" }';

  it.each([
    ['[]', find('where: { venue: "X" }'), scan('rows by venue', 'add [venue] to its indexes')],
    [
      '[[symbol]]',
      find('where: { venue: "X" }, sort: [-time], limit: 5'),
      scan('the order of time', 'add [venue, -time] to its indexes'),
    ],
    [
      '[[symbol, -time]]',
      find(`where: { symbol: "A" }, sort: [-time, -_id], ${page}`),
      scan('the order of time', 'add [symbol, -time, -_id] to its indexes'),
    ],
    [
      '[[symbol, -time, -_id]]',
      find(`where: { symbol: "{symbol}" }, sort: [-time, -_id], ${page}`),
      scan('the order of time without symbol', 'add [-time, -_id] to its indexes'),
    ],
    [
      '[[symbol, time]]',
      find('where: { symbol: "{symbol}", time: { from: "{from}" } }, limit: 5', ', from: { type: time }'),
      scan('rows without symbol', 'add [time] to its indexes'),
    ],
  ])('is warned of: %s, %s', (indexes, route, expected) => {
    expect(warnings(routes(indexes, route))).toEqual([expected]);
  });

  it.each([
    ['[[symbol, -time, -_id]]', find(`where: { symbol: "A" }, sort: [-time, -_id], ${page}`)],
    ['[[symbol, -time, -_id], [-time, -_id]]', find(`where: { symbol: "{symbol}" }, sort: [-time, -_id], ${page}`)],
    ['[[symbol, venue]]', find('where: { symbol: "A", venue: "X" }')],
    ['[]', find('sort: [-_id], limit: 5')],
    ['[]', find('limit: 5')],
  ])('is no other: %s, %s', (indexes, route) => {
    expect(warnings(routes(indexes, route))).toEqual([]);
  });

  it('is warned of in the shipped pipeline if its table loses the index, and not before', () => {
    const check = (text: string) => {
      const folder = folderWith({
        'pipeline.yml': text,
        'config/embedded.yml': readFileSync('config/embedded.yml', 'utf8'),
      });
      return validate({ pipelinePath: `${folder}/pipeline.yml`, env: {}, components: shippedComponents, folder }).text;
    };
    const shipped = readFileSync('pipeline.yml', 'utf8').replace(/^include:.*$/m, '');
    expect(check(shipped)).toMatch(/^pipeline\.yml is valid/);
    const less = shipped.replace(', [-from]]', ']');
    expect(check(less)).toMatch(/warning: find: no index of gaps leads to the order of from without symbol: all rows/);
  });
});
