import type { FieldType, Report, Shape, SpecScope } from '../../src/kit/declaration.ts';
import { leadsTo, sortField } from '../../src/kit/lookup.ts';
import { templateMetaNames, templateNames } from '../../src/kit/template.ts';
import { type FindOptions, parseSort, type RangeOptions } from './find-query.ts';
import { checkField, checkTemplate, routeShape, unknownName } from './names.ts';

interface Context {
  readonly input: Shape;
  readonly report: Report;
  readonly scope: SpecScope;
}

interface RangeContext extends Context {
  readonly table: Shape;
}

/** Types of fields that can have ranges, and of their bounds. */
const ranged: readonly FieldType[] = ['number', 'date', 'int64', 'any'];

/** Which types of a parameter or field can equal a table's field. */
const comparable: Readonly<Record<FieldType, readonly FieldType[]>> = {
  string: ['string', 'decimal'],
  decimal: ['string', 'decimal'],
  number: ['number', 'date', 'int64'],
  date: ['number', 'date', 'int64'],
  int64: ['number', 'date', 'int64'],
  boolean: ['boolean'],
  any: [],
};

/** Checks the options of `find` against the table and the parameters, and gives the shape of its rows. Pure. */
export function checkFind(options: FindOptions, context: Context): Shape {
  const fields = context.scope.tableFields(options.in);
  const table: Shape = fields && { ...fields, _id: 'string' };
  const input = routeShape(context.input, context.scope);
  checkWhere(options, table, { ...context, input });
  checkSort(options, table, context.report);
  if (options.page) checkPage(options, table, { ...context, input });
  if (options.stream) checkStream(options, table, context);
  warnOfScans(options, context.scope);
  return table;
}

/**
 * Warns of queries for which a store reads every row, or sorts all that match: those that no index leads to, with all
 * parameters, and with those alone that every request has.
 */
function warnOfScans(options: FindOptions, scope: SpecScope): void {
  const indexes = scope.tableIndexes(options.in);
  const warn = scope.warn;
  if (!indexes || !warn) return;
  const equal = equalFields(options);
  const always = equal.filter((field) => isAlwaysGiven(options.where[field], scope));
  const [first] = options.sort;
  for (const given of always.length < equal.length ? [equal, always] : [equal]) {
    if (isIndexed(options, given, indexes)) continue;
    const without = equal.filter((field) => !given.includes(field));
    const when = without.length === 0 ? '' : ` without ${without.join(' and ')}`;
    const target = first
      ? `the order of ${sortField(first).field}`
      : `rows${when === '' ? ` by ${given.join(', ')}` : ''}`;
    const fields = [...given, ...(first ? options.sort : rangedFields(options))];
    const hint = fields.length === 0 ? 'give the parameter a default' : `add [${fields.join(', ')}] to its indexes`;
    warn(['in'], `no index of ${options.in} leads to ${target}${when}: all rows of the table may be read`, hint);
  }
}

/** Whether an index leads to the order, or else to what is wanted of the rows; for pages also to rows of one value. */
function isIndexed(options: FindOptions, given: readonly string[], indexes: readonly (readonly string[])[]): boolean {
  const [first, second] = options.sort.map((text) => sortField(text).field);
  const isPaged = options.page !== undefined || options.stream !== undefined;
  const ranged = rangedFields(options);
  const wanted = given.length > 0 || ranged.length > 0;
  if (first === undefined || first === '_id') {
    if (!wanted) return true;
    const starts = indexes.some(([field = '']) => given.includes(field) || ranged.includes(field));
    return starts || given.includes('_id');
  }
  const leads = indexes.filter((index) => leadsTo(index, given, first));
  if (isPaged) return leads.some((index) => second === undefined || index[index.indexOf(first) + 1] === second);
  if (leads.length > 0) return true;
  return given.length > 0 && ranged.some((field) => indexes.some((index) => leadsTo(index, given, field)));
}

function rangedFields({ where }: FindOptions): readonly string[] {
  return Object.keys(where).filter((field) => typeof where[field] === 'object');
}

/** In a route, a parameter of the path or one with a default; elsewhere every field is there. */
function isAlwaysGiven(value: FindOptions['where'][string] | undefined, { parameters }: SpecScope): boolean {
  if (typeof value !== 'string' || !parameters) return true;
  return templateNames(value).every((name) => {
    const parameter = parameters.find((each) => each.name === name);
    return !parameter || parameter.in === 'path' || parameter.schema['default'] !== undefined;
  });
}

function checkWhere(options: FindOptions, table: Shape, { input, report, scope }: Context): void {
  const { where } = options;
  for (const [name, value] of Object.entries(where)) {
    const path = ['where', name];
    checkField({ input: table, report, path }, name);
    if (typeof value === 'object') {
      checkRange(name, value, options, { table, input, report, scope });
      continue;
    }
    if (typeof value === 'string') checkNames(value, path, { input, report, scope });
    const type = table?.[name];
    const given = typeof value === 'string' ? templateType(value, input) : typeOf(value);
    if (type && given && type !== 'any' && given !== 'any' && !comparable[type].includes(given))
      report(path, `${name} is a ${type}, which never equals a ${given}`);
  }
}

/** A range needs a numeric field, numeric bounds, and an index. */
function checkRange(
  name: string,
  range: RangeOptions,
  options: FindOptions,
  { table, ...context }: RangeContext,
): void {
  const { input, report, scope } = context;
  const type = table?.[name];
  if (type && !ranged.includes(type))
    report(['where', name], `${name} is a ${type}, and a range is of numbers or dates`);
  for (const [bound, value] of Object.entries(range)) {
    if (typeof value !== 'string') continue;
    const path = ['where', name, bound];
    checkNames(value, path, context);
    const given = templateType(value, input);
    if (given && !ranged.includes(given)) report(path, `expected a number or a date, got a ${given}`);
  }
  const equal = equalFields(options);
  const indexes = scope.tableIndexes(options.in);
  if (!indexes || indexes.some((index) => leadsTo(index, equal, name))) return;
  const downwards = options.sort.includes(`-${name}`) ? '-' : '';
  const wanted = [...equal, `${downwards}${name}`].join(', ');
  report(['where', name], `no index of ${options.in} leads to a range of ${name}`, `add [${wanted}] to its indexes`);
}

/** In a route there is no message with an origin: every name is a parameter. */
function checkNames(template: string, path: readonly string[], { input, report, scope }: Context): void {
  const own =
    scope.route === undefined ? [] : templateNames(template).filter((name) => templateMetaNames.includes(name));
  for (const name of own) report(path, `{${name}} is not a parameter`, 'it is a coordinate of a message in a log');
  if (own.length === 0) checkTemplate({ input, report, path }, template);
}

function templateType(template: string, input: Shape): FieldType | undefined {
  const [name, more] = templateNames(template);
  if (name === undefined || more !== undefined || template !== `{${name}}`) return 'string';
  return input?.[name];
}

function typeOf(value: number | boolean): FieldType {
  return typeof value === 'number' ? 'number' : 'boolean';
}

function checkSort({ sort }: FindOptions, table: Shape, report: Report): void {
  parseSort(sort).forEach(({ field }, index) => {
    if (table === undefined || Object.hasOwn(table, field)) return;
    const { text, hint } = unknownName('field', field, Object.keys(table));
    report(['sort', index], text, hint);
  });
}

/** The sort of rows that are read page by page. */
function checkPagedSort({ sort }: FindOptions, table: Shape, report: Report): void {
  const [first, second, ...more] = parseSort(sort);
  const type = first && table?.[first.field];
  const numeric = type === undefined || ranged.includes(type);
  if (!first || !numeric || second?.field !== '_id' || first.descending !== second.descending || more.length > 0)
    report(
      ['sort'],
      'pages need a number or date field and then _id, both in the same direction',
      'such as [-time, -_id]',
    );
}

function checkStream(options: FindOptions, table: Shape, { report, scope }: Context): void {
  checkPagedSort(options, table, report);
  if (options.limit !== undefined || options.page)
    report(['stream'], 'a stream has neither limit nor page', 'leave them out');
  if (scope.route === undefined) report(['stream'], 'streams are for routes only', 'use limit');
  const [first] = options.sort;
  const field = first?.replace(/^-/, '') ?? '';
  const equal = equalFields(options);
  const indexes = scope.tableIndexes(options.in);
  if (!first || !indexes || indexes.some((index) => leadsTo(index, equal, field))) return;
  report(
    ['stream'],
    `no index of ${options.in} leads to the order of ${field}`,
    `add [${[...equal, first].join(', ')}] to its indexes`,
  );
}

function equalFields({ where }: FindOptions): readonly string[] {
  return Object.keys(where).filter((field) => typeof where[field] !== 'object');
}

function checkPage(options: FindOptions, table: Shape, { input, report, scope }: Context): void {
  checkPagedSort(options, table, report);
  const { limit } = options;
  if (limit !== undefined) report(['limit'], 'limit does not apply with page', 'page has its own limit');
  if (scope.route === undefined) report(['page'], 'pages are for routes only', 'use limit');
  for (const name of ['limit', 'before'] as const)
    if (input && !Object.hasOwn(input, name))
      report(['page', name], `the route has no parameter ${name}`, 'declare it with params before this operator');
}
