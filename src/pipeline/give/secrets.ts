import type { JSONSchema } from 'json-schema-to-ts';
import { eachAnnotated, isSecret } from '../check/annotations.ts';
import { maskedUrls, secretsInUrls } from '../read/secret-text.ts';
import { type Path, valueAt } from '../read/tree.ts';
import type { Spec } from '../spec.ts';

/** Hides secrets in a text at a path of a component's options. */
export type Mask = (text: string, schema: JSONSchema, path: Path) => string;

const masked = '******';
/** Shorter secrets are hidden in their own option only, not searched for elsewhere. */
const minLength = 6;

/**
 * A mask for a spec: options that are marked secret, users, passwords and query values in URLs, and every secret's text
 * wherever else it is.
 */
export function secretsOf(spec: Spec): Mask {
  const secrets = [...knownSecrets(spec)].sort((a, b) => b.length - a.length);
  return (text, schema, path) => {
    if (isSecret(schema, path)) return text === '' ? '' : masked;
    let shown = text;
    for (const secret of secrets) shown = shown.replaceAll(secret, masked);
    return maskedUrls(shown);
  };
}

/**
 * The texts of all secrets in a pipeline, except short ones and those that are also a name in it: a mask
 * over every mention of a topology would hide nothing and give the secret away.
 */
export function knownSecrets(spec: Spec): ReadonlySet<string> {
  const secrets = new Set<string>();
  const names = new Set([spec.name, ...spec.connectors.keys(), ...spec.topologies.keys()]);
  const keep = (text: string | undefined) => {
    for (const each of text === undefined ? [] : [text, ...secretsInUrls(text)])
      if (each.length >= minLength && !names.has(each)) secrets.add(each);
  };
  for (const { declaration, options, entry } of spec.connectors.values()) {
    eachAnnotated(declaration?.options ?? {}, options, ({ secret }, value, path) => {
      if (typeof value !== 'string') return;
      if (secret !== true) {
        for (const each of secretsInUrls(value)) keep(each);
        return;
      }
      keep(value);
      const scalar = valueAt(entry.value, path);
      for (const name of scalar?.kind === 'scalar' ? (scalar.variables ?? []) : []) {
        const found = spec.variables.get(name);
        keep(found && 'text' in found ? found.text : undefined);
      }
    });
  }
  return secrets;
}
