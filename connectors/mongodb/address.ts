/** A connection string, without its secrets. */
export interface Address {
  /** The hosts as they are written, for messages. */
  readonly hosts: string;
  readonly user: string | undefined;
  /** Whether the host is in MongoDB's cloud (Atlas), which has its own access list. */
  readonly isAtlas: boolean;
  /** The options that the string gives, in lower case. */
  readonly given: ReadonlySet<string>;
  /** The same with their values, as they are written. */
  readonly options: ReadonlyMap<string, string>;
  /** User and password as they are written. */
  readonly userInfo: string | undefined;
  /** The database that holds the user, and what names it; undefined if users are kept elsewhere. */
  readonly userDatabase: UserDatabase | undefined;
  /** The replica set that the string names. */
  readonly replicaSet: string | undefined;
  /** Masks the string's secrets in a text. */
  scrub(text: string): string;
}

export interface UserDatabase {
  readonly name: string;
  readonly from: string;
}

const struckOut = '***';
/** Mechanisms whose users are kept outside of MongoDB. */
const foreignUsers = new Set(['MONGODB-X509', 'GSSAPI', 'PLAIN', 'MONGODB-AWS', 'MONGODB-OIDC']);

/** Parses a connection string for use in messages; never fails, however broken it is. */
export function readAddress(url: string): Address {
  const rest = url.slice(url.indexOf('://') + 3);
  const at = endOfUser(rest);
  const userInfo = at < 0 ? undefined : rest.slice(0, at);
  const [user, password] = userInfo === undefined ? [undefined, undefined] : split(userInfo, ':');
  const [before = '', query = ''] = split(rest.slice(at + 1), '?');
  const [hosts = '', path] = split(before, '/');
  const options = optionsOf(query);
  const option = (wanted: string) => decoded([...options].find(([name]) => name.toLowerCase() === wanted)?.[1]);
  const secrets = [password, decoded(password)].filter((text) => text !== undefined && text !== '');
  return {
    hosts,
    user: decoded(user),
    isAtlas: url.startsWith('mongodb+srv:') || hosts.split(',').some((host) => /\.mongodb\.net(:\d+)?$/i.test(host)),
    given: new Set([...options.keys()].map((name) => name.toLowerCase())),
    options,
    userInfo,
    userDatabase: foreignUsers.has(option('authmechanism') ?? '')
      ? undefined
      : userDatabase(option('authsource'), url.startsWith('mongodb+srv:') ? undefined : decoded(path)),
    replicaSet: option('replicaset'),
    scrub: (text) => {
      const plain = text.replace(/\/\/[^\s"]*@/g, `//${struckOut}@`);
      return secrets.reduce((shown: string, secret) => shown.replaceAll(secret ?? '', struckOut), plain);
    },
  };
}

/** By the driver's rules. For an `srv` URL the DNS decides, usually admin, whatever the path is. */
function userDatabase(authSource: string | undefined, path: string | undefined): UserDatabase {
  if (authSource) return { name: authSource, from: 'authSource in the url' };
  return path ? { name: path, from: "the url's path" } : { name: 'admin', from: 'no authSource in the url' };
}

/** Where the `@` after user and password is, also when the password holds a raw `?` or `/`; -1 when there is none. */
function endOfUser(rest: string): number {
  const before = rest.split('?')[0] ?? '';
  const usual = before.lastIndexOf('@');
  if (usual >= 0) return usual;
  // A port where a password would be: the @ is part of an option's value.
  return /^[^/:,@]*:(?!\d+(?:[,/]|$))/.test(before) ? rest.lastIndexOf('@') : -1;
}

function optionsOf(query: string): ReadonlyMap<string, string> {
  const pairs = query.split(/[&;]/).filter((pair) => pair !== '');
  return new Map(pairs.map((pair) => [split(pair, '=')[0], split(pair, '=')[1] ?? '']));
}

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
