import type { JSONSchema } from 'json-schema-to-ts';
import { eachAnnotated, isSecret } from './annotations.ts';
import type { Spec } from './spec.ts';
import { type Path, valueAt } from './tree.ts';

/** Hides what must not be shown in a text that stands at a path of a component's options. */
export type Mask = (text: string, schema: JSONSchema, path: Path) => string;

const masked = '******';
/** A shorter secret is hidden where it stands, but not looked for elsewhere. */
const minLength = 6;
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi;
const queryParameter = /([?&](?:token|password|passwd|secret|api_?key|access_key)=)[^&#\s]+/gi;

/**
 * A mask for a spec: options that are marked secret, passwords in URLs, and every secret's text wherever else it is.
 */
export function secretsOf(spec: Spec): Mask {
  const secrets = [...knownSecrets(spec)].sort((a, b) => b.length - a.length);
  return (text, schema, path) => {
    if (isSecret(schema, path)) return text === '' ? '' : masked;
    let shown = text;
    for (const secret of secrets) shown = shown.replaceAll(secret, masked);
    return shown.replace(userInfo, `$1${masked}@`).replace(queryParameter, `$1${masked}`);
  };
}

/** The texts of all secrets in a spec; the short ones are left out. */
export function knownSecrets(spec: Spec): ReadonlySet<string> {
  const secrets = new Set<string>();
  const keep = (text: string | undefined) => {
    if (text !== undefined && text.length >= minLength) secrets.add(text);
  };
  for (const { declaration, options, entry } of spec.connectors.values()) {
    eachAnnotated(declaration?.options ?? {}, options, ({ secret }, value, path) => {
      if (secret !== true || typeof value !== 'string') return;
      keep(value);
      const scalar = valueAt(entry.value, path);
      for (const name of scalar?.kind === 'scalar' ? (scalar.variables ?? []) : []) {
        const found = spec.variables.look(name);
        keep(found && 'text' in found ? found.text : undefined);
      }
    });
  }
  return secrets;
}
