import type { FieldType, Report, Shape, SpecScope } from '../../src/kit/declaration.ts';
import { templateMetaNames, templateNames } from '../../src/kit/template.ts';
import { type FindOptions, parseSort } from './find-query.ts';
import { checkField, checkTemplate, routeShape, unknownName } from './names.ts';

interface Context {
  readonly input: Shape;
  readonly report: Report;
  readonly scope: SpecScope;
}

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
  return table;
}

function checkWhere({ where }: FindOptions, table: Shape, { input, report, scope }: Context): void {
  for (const [name, value] of Object.entries(where)) {
    const path = ['where', name];
    checkField({ input: table, report, path }, name);
    if (typeof value === 'string') checkNames(value, path, { input, report, scope });
    const type = table?.[name];
    const given = typeof value === 'string' ? templateType(value, input) : typeOf(value);
    if (type && given && type !== 'any' && given !== 'any' && !comparable[type].includes(given))
      report(path, `${name} is a ${type}, which never equals a ${given}`);
  }
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
  parseSort(sort).forEach(({ field }, place) => {
    if (table === undefined || Object.hasOwn(table, field)) return;
    const { text, hint } = unknownName('field', field, Object.keys(table));
    report(['sort', place], text, hint);
  });
}

function checkPage({ limit, sort }: FindOptions, table: Shape, { input, report, scope }: Context): void {
  const [first, second, ...more] = parseSort(sort);
  const type = first && table?.[first.field];
  const numeric = type === undefined || ['date', 'number', 'int64', 'any'].includes(type);
  if (!first || !numeric || second?.field !== '_id' || first.descending !== second.descending || more.length > 0)
    report(
      ['sort'],
      'pages need a number or date field and then _id, both in the same direction',
      'such as [-time, -_id]',
    );
  if (limit !== undefined) report(['limit'], 'limit does not apply with page', 'page has its own limit');
  if (scope.route === undefined) report(['page'], 'pages are for routes only', 'use limit');
  for (const name of ['limit', 'before'] as const)
    if (input && !Object.hasOwn(input, name))
      report(['page', name], `the route has no parameter ${name}`, 'declare it with params before this operator');
}
