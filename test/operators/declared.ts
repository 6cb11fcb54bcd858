import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { FieldType, OperatorDeclaration, Shape, SpecScope } from '../../src/kit/declaration.ts';
import { unitFormats } from '../../src/kit/units.ts';

const ajv = new Ajv({ useDefaults: true, allErrors: true, allowUnionTypes: true });
for (const [name, { pattern }] of Object.entries(unitFormats)) ajv.addFormat(name, pattern);
ajv.addFormat('expression', true);
ajv.addFormat('path', true);
ajv.addFormat('name-or-path', true);
ajv.addKeyword('secret');
ajv.addKeyword('expected');
const validators = new Map<OperatorDeclaration, ValidateFunction>();

/** The options as the spec reader hands them over: parsed from YAML, validated, defaults filled in. */
export function optionsOf(declaration: OperatorDeclaration, yaml: string): unknown {
  const validate =
    validators.get(declaration) ?? ajv.compile({ type: 'object', properties: { options: declaration.options } });
  validators.set(declaration, validate);
  const holder = { options: parse(yaml) };
  if (!validate(holder)) throw new Error(ajv.errorsText(validate.errors));
  return holder.options;
}

/** An operator and its options, written as in a pipeline file: `split: { field: data, by: s }`. */
export function operator(declaration: OperatorDeclaration, yaml: string): readonly [OperatorDeclaration, unknown] {
  return [declaration, optionsOf(declaration, yaml)];
}

interface Checked {
  readonly shape: Shape;
  /** `path: text | hint` */
  readonly problems: readonly string[];
}

/** What validation says of an operator after a given shape. */
export function check(
  declaration: OperatorDeclaration,
  yaml: string,
  input: Shape,
  scope: {
    readonly route?: string;
    readonly parameters?: SpecScope['parameters'];
    readonly tables?: Readonly<Record<string, Readonly<Record<string, FieldType>>>>;
    readonly indexes?: Readonly<Record<string, readonly (readonly string[])[]>>;
  } = {},
): Checked {
  const problems: string[] = [];
  const given: SpecScope = {
    route: scope.route,
    parameters: scope.parameters,
    tableFields: (name) => scope.tables?.[name],
    tableIndexes: (name) => scope.indexes?.[name],
  };
  const shape = declaration.shape?.(
    optionsOf(declaration, yaml),
    input,
    (path, text, hint) => problems.push(`${path.join('.')}: ${text}${hint === undefined ? '' : ` | ${hint}`}`),
    given,
  );
  return { shape, problems };
}
