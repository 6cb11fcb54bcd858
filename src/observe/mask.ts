import { hiding } from '../kit/hiding.ts';

/** Fields with names from the pipeline: never secret, and needed to find anything. */
const names: ReadonlySet<string> = new Set(['level', 'time', 'instance', 'topology', 'node', 'connector']);

/** Hides secrets in finished log lines. */
interface SecretMask {
  add(secrets: readonly string[]): void;
  /** The JSON line with every secret in its text values replaced; the same string when it holds none. */
  apply(line: string): string;
  /** The text with every secret replaced. */
  text(text: string): string;
}

/**
 * A mask without secrets yet. Finds a secret as it is and as part of a URL. A line is parsed only if a
 * secret was found in it, so that the usual line costs one search per secret.
 */
export function secretMask(): SecretMask {
  const secrets = new Set<string>();
  let needles: readonly string[] = [];
  let hidden = hiding(secrets);
  return {
    add: (more) => {
      for (const secret of more) {
        if (secret.trim() === '') continue;
        secrets.add(secret).add(encodeURIComponent(secret));
      }
      hidden = hiding(secrets);
      needles = [...secrets].map((secret) => JSON.stringify(secret).slice(1, -1));
    },
    apply: (line) => {
      if (!needles.some((needle) => line.includes(needle))) return line;
      return `${JSON.stringify(hide(JSON.parse(line), hidden, names))}\n`;
    },
    text: (text) => hidden(text),
  };
}

/** A copy of a JSON value without the secrets; `untouched` are keys of this level that are not masked. */
function hide(value: unknown, hidden: (text: string) => string, untouched?: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return hidden(value);
  if (Array.isArray(value)) return value.map((item) => hide(item, hidden));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, untouched?.has(key) ? item : hide(item, hidden)]),
  );
}
