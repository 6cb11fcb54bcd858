import type { ErrorObject } from 'ajv';
import { nearest } from '../../kit/names.ts';
import { expectedBy, orOf } from './schema-errors.ts';

/** Errors that only sum up others. */
const echoes = ['if', 'additionalItems'];

/**
 * The errors that help: of a union those of the alternative that was meant, one for each value, and none that follows
 * from another (an option that is lacking because its name is misspelt). `isWhole` tells whether a value can be judged.
 */
export function usefulErrors(
  errors: readonly ErrorObject[],
  isWhole: (path: readonly string[]) => boolean,
): ErrorObject[] {
  const flat = withoutUnions(
    errors.filter(({ keyword }) => !echoes.includes(keyword)),
    isWhole,
  );
  const named = flat.filter((error) => error.propertyName === undefined || error.keyword === 'propertyNames');
  return withoutMisspelt(oneForEachValue(named));
}

/** Replaces the errors of every union by those of the alternative that comes nearest. */
function withoutUnions(
  errors: readonly ErrorObject[],
  isWhole: (path: readonly string[]) => boolean,
): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword, params }) => isUnion(keyword) && !params['expected']);
  unions.sort((a, b) => a.schemaPath.length - b.schemaPath.length);
  let rest = [...errors];
  for (const union of unions) {
    if (!rest.includes(union)) continue;
    const within = rest.filter((error) => error !== union && isBelow(error, union));
    rest = rest.filter((error) => error !== union && !within.includes(error));
    if (!isWhole(union.instancePath.split('/').slice(1))) continue;
    rest.push(...meant(union, within, isWhole));
  }
  return rest;
}

function isUnion(keyword: string): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  const sameValue =
    error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`);
  return sameValue && error.schemaPath.startsWith(`${union.schemaPath}/`);
}

/** The errors of the alternative that was probably meant, or one that tells all of them. */
function meant(
  union: ErrorObject,
  within: readonly ErrorObject[],
  isWhole: (path: readonly string[]) => boolean,
): readonly ErrorObject[] {
  if (within.length === 0) return [union];
  const branches = branchesOf(union, within).map((branch) => withoutUnions(branch, isWhole));
  if (branches.every((branch) => branch.every((error) => isLack(error, union)))) return [union];
  const scored = branches.map((branch) => ({ branch, score: distanceOf(branch, union) }));
  scored.sort((a, b) => a.score - b.score);
  const best = scored[0];
  if (best && best.score < wrongMark) return best.branch;
  if (best && best.score < wrongValue) return commonMark(branches, union) ?? best.branch;
  const candidates = scored.filter(({ score }) => score === best?.score).flatMap(({ branch }) => branch);
  return [merged(union, candidates, union.instancePath)];
}

/** One error at a path that says what all alternatives expect there. */
function merged(union: ErrorObject, errors: readonly ErrorObject[], path: string): ErrorObject {
  const there = errors.filter((error) => error.instancePath === path);
  const expected = there.flatMap((error) => expectedBy(error) ?? []);
  return { ...union, instancePath: path, data: there[0]?.data, params: { expected: orOf(expected) } };
}

/** The value by which alternatives differ (`type`), when it is none of theirs. */
function commonMark(branches: readonly (readonly ErrorObject[])[], union: ErrorObject): ErrorObject[] | undefined {
  const marks = branches.map((branch) => branch.find(isMark)?.instancePath);
  const path = marks[0];
  if (path === undefined || marks.some((mark) => mark !== path)) return undefined;
  return [merged(union, branches.flat().filter(isMark), path)];
}

function isMark({ keyword }: ErrorObject): boolean {
  return keyword === 'const' || keyword === 'enum';
}

/** The errors of each alternative. */
function branchesOf(union: ErrorObject, within: readonly ErrorObject[]): ErrorObject[][] {
  const branches = new Map<string, ErrorObject[]>();
  for (const error of within) {
    const number = error.schemaPath.slice(union.schemaPath.length + 1).split('/', 1)[0] ?? '';
    branches.set(number, [...(branches.get(number) ?? []), error]);
  }
  return [...branches.values()];
}

function isLack(error: ErrorObject, union: ErrorObject): boolean {
  return error.keyword === 'required' && error.instancePath === union.instancePath;
}

const wrongMark = 1000;
const wrongValue = 10_000;
const wrongKind = 100_000;

/** How far an alternative is from what was written: another kind of value is farthest, then another mark (`type: x`). */
function distanceOf(branch: readonly ErrorObject[], union: ErrorObject): number {
  const own = branch.filter((error) => error.instancePath === union.instancePath);
  if (own.some(isOtherKind)) return wrongKind;
  if (own.some((error) => expectedBy(error) !== undefined)) return wrongValue;
  return branch.some(isMark) ? wrongMark + branch.length : branch.length;
}

function isOtherKind({ keyword, params, data }: ErrorObject): boolean {
  if (keyword === 'const') return typeof params['allowedValue'] !== typeof data;
  return keyword === 'type';
}

const rank: Readonly<Record<string, number>> = { enum: 0, const: 0, type: 1 };

/** A value that is wrong in several ways is reported once. */
function oneForEachValue(errors: readonly ErrorObject[]): ErrorObject[] {
  const first = new Map<string, ErrorObject>();
  const others: ErrorObject[] = [];
  for (const error of errors) {
    if (expectedBy(error) === undefined) others.push(error);
    else {
      const before = first.get(error.instancePath);
      const isBetter = before && (rank[error.keyword] ?? 2) < (rank[before.keyword] ?? 2);
      if (!before || isBetter) first.set(error.instancePath, error);
    }
  }
  return [...first.values(), ...others];
}

/** Leaves out that an option is lacking when an unknown one of nearly the same name stands there. */
function withoutMisspelt(errors: readonly ErrorObject[]): ErrorObject[] {
  const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties');
  const isMisspelt = (lack: ErrorObject): boolean =>
    unknown.some(
      ({ instancePath, params }) =>
        instancePath === lack.instancePath &&
        nearest(String(params['additionalProperty']), [String(lack.params['missingProperty'])]) !== undefined,
    );
  return errors.filter((error) => error.keyword !== 'required' || !isMisspelt(error));
}
