import type { FieldType, Report, Shape, SpecScope } from '../../src/kit/declaration.ts';
import { nearest } from '../../src/kit/names.ts';
import { templateDateNames, templateMetaNames, templateNames } from '../../src/kit/template.ts';

type Path = readonly (string | number)[];

/** The text for an unknown name: with the most similar known one, otherwise with all of them. */
export function unknownName(
  what: string,
  name: string,
  known: readonly string[],
): { readonly text: string; readonly hint: string } {
  const near = nearest(name, known);
  const all = known.length === 0 ? 'there are none here' : `there are ${known.join(', ')}`;
  return { text: `there is no ${what} ${name}`, hint: near === undefined ? all : `did you mean ${near}?` };
}

/** Reports a field that the shape doesn't have, or whose type doesn't match; does nothing if the shape is unknown. */
export function checkField(
  { input, report, path }: { readonly input: Shape; readonly report: Report; readonly path: Path },
  name: string,
  types?: readonly FieldType[],
): void {
  if (input === undefined) return;
  const type = Object.hasOwn(input, name) ? input[name] : undefined;
  if (type === undefined) {
    const { text, hint } = unknownName('field', name, Object.keys(input));
    report(path, text, hint);
  } else if (types && type !== 'any' && !types.includes(type)) {
    report(path, `${name} is a ${type}, expected ${types.join(' or ')}`);
  }
}

/** Reports the names of a template that neither the message's origin nor the shape has. */
export function checkTemplate(
  { input, report, path }: { readonly input: Shape; readonly report: Report; readonly path: Path },
  text: string,
): void {
  if (input === undefined) return;
  const known = [...Object.keys(input), ...templateMetaNames, ...templateDateNames];
  for (const name of templateNames(text)) {
    if (known.includes(name)) continue;
    const { text: problem, hint } = unknownName('field', name, known);
    report(path, problem, hint);
  }
}

/** The fields at the start of a route: the parameters in its path, as text. Elsewhere the shape as it is. */
export function routeShape(input: Shape, scope: SpecScope): Shape {
  if (input !== undefined || scope.route === undefined) return input;
  return Object.fromEntries(templateNames(scope.route).map((name) => [name, 'string']));
}
