import type { ErrorObject } from 'ajv';
import { nearest } from '../../kit/names.ts';
import { expectedBy, isUnion } from './schema-errors.ts';

/** Errors that only sum up others. */
const echoes = ['if', 'additionalItems'];

/**
 * The errors that help: one for a union instead of all those of its alternatives, one for each value, and none that
 * follows from another (an option that is lacking because its name is misspelt). `isWhole` tells whether the value of
 * an error can be judged: a union or a comparison of items means nothing when a part of the value is missing.
 */
export function usefulErrors(
  errors: readonly ErrorObject[],
  isWhole: (error: ErrorObject) => boolean,
): readonly ErrorObject[] {
  const own = errors.filter(({ keyword }) => !echoes.includes(keyword));
  const flat = withoutAlternatives(own).filter(
    (error) => !(isUnion(error) || error.keyword === 'uniqueItems') || isWhole(error),
  );
  const named = flat.filter((error) => error.propertyName === undefined || error.keyword === 'propertyNames');
  return withoutMisspelt(oneForEachValue(named));
}

/** Unions stand for the errors of their alternatives, which go along as `params.alternatives`, a list for each. */
function withoutAlternatives(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(isUnion);
  const outermost = errors.filter((error) => !unions.some((union) => isBelow(error, union)));
  return outermost.map((error) => {
    if (!isUnion(error)) return error;
    const below = errors.filter((other) => !isUnion(other) && isBelow(other, error));
    const alternatives = (error.schema as readonly unknown[]).map((_, index) =>
      below.filter(({ schemaPath }) => schemaPath.startsWith(`${error.schemaPath}/${index}/`)),
    );
    return { ...error, params: { ...error.params, alternatives } };
  });
}

function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  const sameValue =
    error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`);
  return sameValue && error.schemaPath.startsWith(`${union.schemaPath}/`);
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
