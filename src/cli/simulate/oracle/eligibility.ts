import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../../kit/package-root.ts';
import type { Row } from '../../../kit/row.ts';

interface Options {
  readonly rules: string;
  readonly conditions: string;
}

type Rules = Readonly<Record<string, { readonly counts: readonly string[] }>>;

/** What `eligibility` adds to a trade: whether each of its conditions, by the file of the rules, lets it count. */
export function eligible(given: unknown): (fields: Row) => Row {
  const { rules, conditions } = given as Options;
  const path = isAbsolute(rules) ? rules : join(packageRoot(), 'conditions', `${rules}.yml`);
  const { codes } = parse(readFileSync(path, 'utf8')) as { readonly codes: Rules };
  return (fields) => {
    const own = (fields[conditions] ?? []) as readonly (string | number)[];
    const known = own.flatMap((code) => codes[String(code).trim()] ?? []);
    const counts = (what: string) => known.every((each) => each.counts.includes(what));
    return { ...fields, counts_price: counts('price'), counts_range: counts('range'), counts_volume: counts('volume') };
  };
}
