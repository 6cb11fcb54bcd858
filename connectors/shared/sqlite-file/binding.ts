import { createRequire } from 'node:module';
import { lacking } from '../../../src/kit/optional-packages.ts';

/** A binding of SQLite; `node:sqlite` and the package have the same interface. */
type Binding = typeof import('@photostructure/sqlite');

const packageName = '@photostructure/sqlite';

/**
 * The SQLite of Node.js, twice as fast at reading; the package if Node.js has none, or one that can't return
 * rows as lists yet (before 22.16). Files are interchangeable.
 */
export function loadBinding(): Binding {
  return builtIn() ?? packaged();
}

/** The binding of Node.js itself; undefined if it has none, or one that is too old. */
export function builtIn(): Binding | undefined {
  const { emitWarning } = process;
  // It warns that its interface may still change, which a user can't act on.
  process.emitWarning = () => {};
  try {
    const found = process.getBuiltinModule?.('node:sqlite') as Partial<Binding> | undefined;
    return 'setReturnArrays' in (found?.StatementSync?.prototype ?? {}) ? (found as Binding) : undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * The binding of the package.
 * @throws FDP_NOT_SUPPORTED if it is not installed
 */
export function packaged(): Binding {
  try {
    return createRequire(import.meta.url)(packageName) as Binding;
  } catch (error) {
    throw lacking([packageName], `SQLite, which Node.js ${process.version} does not have built in`, error);
  }
}
