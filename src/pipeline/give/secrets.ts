import type { JSONSchema } from 'json-schema-to-ts';
import { hiding, masked } from '../../kit/hiding.ts';
import { eachAnnotated, isSecret } from '../check/annotations.ts';
import { environmentSecrets } from '../read/environment-secrets.ts';
import { maskedUrls, secretsInUrls } from '../read/secret-text.ts';
import { type Path, type Tree, valueAt } from '../read/tree.ts';
import type { Variables } from '../read/variables.ts';
import { operatorsOf, type Spec } from '../spec.ts';

/** Hides secrets in a text at a path of a component's options. */
export type Mask = (text: string, schema: JSONSchema, path: Path) => string;

/** Shorter secrets are hidden in their own option only, not searched for elsewhere. */
const minLength = 6;

/**
 * A mask for a spec: options that are marked secret, users, passwords and query values in URLs, and every secret's text
 * wherever else it is.
 */
export function secretsOf(spec: Spec): Mask {
  const hidden = hiding(knownSecrets(spec));
  return (text, schema, path) => {
    if (isSecret(schema, path)) return text === '' ? '' : masked;
    return maskedUrls(hidden(text));
  };
}

/**
 * The texts of all secrets in a pipeline and its environment, except short ones and those that are also a name in it: a mask
 * over every mention of a topology would hide nothing and give the secret away.
 */
export function knownSecrets(spec: Spec): ReadonlySet<string> {
  const secrets = new Set<string>();
  const names = new Set([spec.name, ...spec.connectors.keys(), ...spec.topologies.keys()]);
  const keep = (text: string | undefined) => {
    for (const each of text === undefined ? [] : [text, ...secretsInUrls(text)])
      if (each.length >= minLength && !names.has(each)) secrets.add(each);
  };
  const connectors = [...spec.connectors.values()].map((each) => ({ ...each, tree: each.entry.value }));
  const operators = [...spec.topologies.values()].flatMap(operatorsOf);
  for (const component of [...connectors, ...operators]) keepOptions(component, spec.variables, keep);
  for (const each of environmentSecrets(spec.variables)) keep(each);
  return secrets;
}

interface Component {
  readonly declaration: { readonly options: JSONSchema } | undefined;
  readonly options: unknown;
  readonly tree: Tree | undefined;
}

function keepOptions(
  { declaration, options, tree }: Component,
  variables: Variables,
  keep: (text: string | undefined) => void,
): void {
  eachAnnotated(declaration?.options ?? {}, options, ({ secret }, value, path) => {
    if (typeof value !== 'string') return;
    if (secret !== true) {
      for (const each of secretsInUrls(value)) keep(each);
      return;
    }
    keep(value);
    const scalar = tree && valueAt(tree, path);
    for (const name of scalar?.kind === 'scalar' ? (scalar.variables ?? []) : []) {
      const found = variables.get(name);
      keep(found && 'text' in found ? found.text : undefined);
    }
  });
}
