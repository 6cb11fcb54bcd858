import { Ajv } from 'ajv';
import { type ConnectorDeclaration, noUsage, type RoleDeclaration } from '../kit/declaration.ts';
import type { Usage } from '../kit/role.ts';
import { unitFormats } from '../kit/units.ts';

/**
 * Options as the spec reader hands them over: checked against the declaration's schema, defaults
 * filled in.
 */
export function optionsOf(declaration: Pick<ConnectorDeclaration, 'options'>, options: object): unknown {
  const ajv = new Ajv({ useDefaults: true, keywords: ['secret', 'missingHint', 'expected'], strictTypes: false });
  for (const [name, { pattern }] of Object.entries(unitFormats)) ajv.addFormat(name, pattern);
  for (const name of ['path', 'name-or-path', 'expression', 'date-time']) ajv.addFormat(name, true);
  const filled = structuredClone(options);
  if (!ajv.validate(declaration.options as object, filled)) throw new Error(ajv.errorsText());
  return filled;
}

/** The same for the options of a role. */
export function usageOf(role: RoleDeclaration | undefined, usage: object): Usage {
  return optionsOf({ options: role?.options ?? noUsage }, usage) as Usage;
}
