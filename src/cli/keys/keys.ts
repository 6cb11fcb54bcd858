import { systemClock } from '../../kit/clock.ts';
import {
  hashOf,
  isKeyName,
  type KeyScope,
  keyScopes,
  newKey,
  readKeyFile,
  type StoredKey,
  writeKeyFile,
} from '../../kit/key-file.ts';
import { suggestion } from '../../kit/names.ts';
import { readSpec } from '../../pipeline/read.ts';
import { jsonResult } from '../shared/json-result.ts';
import { table } from '../shared/text.ts';
import { usageOf } from '../shared/usage.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';

const usage = usageOf('keys');

export interface KeyFlags {
  /** The connector; needed where several have keys. */
  readonly connector?: string;
  /** The file itself, for keys of the observe port. */
  readonly file?: string;
  readonly json?: boolean;
}

interface KeyFile {
  readonly path: string;
  readonly keys: readonly StoredKey[];
}

/**
 * `fdp keys add NAME`: adds a key to the file of a connector with `keys`, and prints it, this once.
 * @throws FDP_USAGE for a name that is taken or none, a scope that is none, and where no connector has keys
 */
export function addKey(
  request: SpecRequest,
  name: string,
  { scope = ['read'], ...flags }: KeyFlags & { readonly scope?: readonly string[] } = {},
): CommandResult {
  return withKeyFile(request, flags, ({ path, keys }) => {
    if (!isKeyName(name)) throw usage(`"${name}" is no name of a key: letters, digits, ., _ and -, at most 63`);
    if (keys.some((key) => key.name === name)) throw usage(`there is a key "${name}" already in ${path}`);
    const scopes = scope.map(scopeOf);
    const key = newKey();
    const added = new Date(systemClock.now()).toISOString();
    writeKeyFile(path, [...keys, { name, scopes, hash: hashOf(key).toString('hex'), added }]);
    if (flags.json) return jsonResult({ name, scopes, key, file: path });
    return {
      text: `${key}\n\nThis key is shown once: ${path} has its hash only. Scopes: ${scopes.join(', ')}.\n`,
      exitCode: 0,
    };
  });
}

/** `fdp keys list`: the names and scopes of all keys. @throws FDP_USAGE where no connector has keys */
export function listKeys(request: SpecRequest, flags: KeyFlags = {}): CommandResult {
  return withKeyFile(request, flags, ({ keys }) => {
    if (flags.json) return jsonResult({ keys: keys.map(({ name, scopes, added }) => ({ name, scopes, added })) });
    const rows = keys.map(({ name, scopes, added }) => [name, scopes.join(', '), added]);
    const lines = keys.length === 0 ? ['no keys'] : table([['NAME', 'SCOPES', 'ADDED'], ...rows], 120);
    return { text: `${lines.join('\n')}\n`, exitCode: 0 };
  });
}

/** `fdp keys remove NAME`: nobody is let in with it, within a second. @throws FDP_USAGE if there is no such key */
export function removeKey(request: SpecRequest, name: string, flags: KeyFlags = {}): CommandResult {
  return withKeyFile(request, flags, ({ path, keys }) => {
    const rest = keys.filter((key) => key.name !== name);
    const known = keys.map((key) => key.name);
    if (rest.length === keys.length) throw usage(`there is no key "${name}": ${suggestion(name, known, 'keys')}`);
    writeKeyFile(path, rest);
    return flags.json ? jsonResult({ name, file: path }) : { text: `removed ${name} from ${path}\n`, exitCode: 0 };
  });
}

function scopeOf(text: string): KeyScope {
  const scope = keyScopes.find((each) => each === text);
  if (!scope) throw usage(`--scope: expected one of ${keyScopes.join(', ')}, got "${text}"`);
  return scope;
}

/** The file that `keys` of a connector names; reports the pipeline's mistakes if there are any. */
function withKeyFile(
  request: SpecRequest,
  { connector, file }: KeyFlags,
  work: (file: KeyFile) => CommandResult,
): CommandResult {
  if (file !== undefined) return work({ path: file, keys: readKeyFile(file) });
  const spec = readSpec(request);
  if (spec.problems.size > 0) return wrongPipeline(spec.problems.list, request);
  const found = [...spec.connectors.values()].flatMap(({ name, options }) => {
    const { keys } = options as { readonly keys?: { readonly file?: unknown } };
    return typeof keys?.file === 'string' ? [{ name, path: keys.file }] : [];
  });
  const chosen = found.filter(({ name }) => connector === undefined || name === connector);
  const [first, second] = chosen;
  if (!first) {
    const what = connector === undefined ? 'no connector' : `no connector "${connector}"`;
    throw usage(`${what} of this pipeline has \`keys\`: http: { type: rest, keys: { file: data/keys.json } }`);
  }
  if (second && second.path !== first.path)
    throw usage(
      `several connectors have keys (${found.map(({ name }) => name).join(', ')}): name one with --connector`,
    );
  return work({ path: first.path, keys: readKeyFile(first.path) });
}
