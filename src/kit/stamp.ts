/**
 * The version of the kit, which plugins are written against. The first number grows when a
 * component that was written against the version before no longer works; the second one when
 * something is added.
 */
export const kitVersion = '1.0';

/**
 * What `defineOperator` and its like leave in a declaration: what it declares, and for which kit it
 * was made.
 */
export interface Stamp {
  readonly kind: 'operator' | 'connector' | 'function';
  readonly kit: string;
}

/** The same in every copy of the package. */
const key = Symbol.for('fdp.declaration');

export function stamped<T extends object>(kind: Stamp['kind'], declaration: T): T {
  return { ...declaration, [key]: { kind, kit: kitVersion } satisfies Stamp };
}

/** The stamp of a declaration; undefined for anything else. */
export function stampOf(value: unknown): Stamp | undefined {
  return typeof value === 'object' && value !== null ? (value as { readonly [key]?: Stamp })[key] : undefined;
}

/**
 * Whether this kit takes what was made for another version: the same first number, and nothing
 * newer than this.
 */
export function takesKit(version: string): boolean {
  const [major, minor] = numbersOf(version);
  const [ownMajor, ownMinor] = numbersOf(kitVersion);
  return major === ownMajor && minor <= ownMinor;
}

function numbersOf(version: string): readonly [number, number] {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(version) ?? [];
  return [Number(major), Number(minor)];
}
