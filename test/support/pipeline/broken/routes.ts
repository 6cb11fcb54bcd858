import { type BrokenSpec, withConnectors, withRoutes } from './texts.ts';

/** Mistakes of routes, and of variables anywhere. */
export const brokenRoutes: readonly BrokenSpec[] = [
  // routes
  ['a route that is none', withRoutes('      ‸FETCH /x: [{ reply: { as: r } }]'), 'is not a route'],
  ['a route without slash', withRoutes('      ‸GET x: [{ reply: { as: r } }]'), 'GET /path'],
  [
    'the same route twice',
    withRoutes('      GET /{a}: [{ reply: { as: r } }]\n      ‸GET /{b}: [{ reply: { as: r } }]'),
    'same route as "GET /{a}"',
  ],
  ['one parameter twice', withRoutes('      ‸GET /{a}/{a}: [{ reply: { as: r } }]'), 'two parameters'],
  ['a route without reply', withRoutes('      ‸GET /: [{ find: { in: table } }]'), 'must end in "reply"'],
  [
    'a reply too early',
    withRoutes('      GET /: [{ ‸reply: { as: r } }, { find: { in: table } }]'),
    'must be the last',
  ],
  [
    'rows in portions for a list',
    withRoutes(
      '      GET /: [{ ‸find: { in: table, sort: ‸[price, _id], stream: ‸{ at_most: 5 } } }, { reply: { as: r } }]',
    ),
    ...['passes rows on in portions', 'pages need a number or date', 'add [price] to its indexes'],
  ],
  [
    'a lookup that is not there',
    withRoutes('      GET /: [{ find: { in: ‸tabel } }, { reply: { as: r } }]'),
    'did you mean "table"',
  ],
  [
    'a lookup in a log',
    withRoutes('      GET /: [{ find: { in: ‸log } }, { reply: { as: r } }]'),
    'cannot be a lookup',
  ],
  [
    'a parameter of no kind',
    withRoutes('      GET /: [{ params: { x: { type: ‸flot } } }, { reply: { as: r } }]'),
    '"time" or "cursor", got "flot"',
  ],
  [
    'an option of a parameter',
    withRoutes('      GET /: [{ params: { x: { type: integer, ‸minimun: 1 } } }, { reply: { as: r } }]'),
    'did you mean "minimum"',
  ],
  // variables
  ['a variable without its end', withConnectors(`  m: { type: mock, symbols: [‸"$\{A"] }`), 'without its }'],
  ['a variable without name', withConnectors(`  m: { type: mock, symbols: [‸"$\{}"] }`), 'names no variable'],
  ['a variable in an unknown form', withConnectors(`  m: { type: mock, symbols: [‸"$\{A+x}"] }`), 'not understood'],
];
