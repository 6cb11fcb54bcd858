/** A connection string, without what must never be shown. */
export interface Address {
  /** The hosts as they are written, for messages. */
  readonly hosts: string;
  readonly user: string | undefined;
  /** MongoDB's own cloud, or a name like those that it gives: it has an access list of its own. */
  readonly isAtlas: boolean;
  /** The options that the string gives, in lower case. */
  readonly given: ReadonlySet<string>;
  /** Text of others, with whatever is secret in the string struck out. */
  scrub(text: string): string;
}

const struckOut = '***';

/** Reads a connection string as far as messages need it; never fails, however broken it is. */
export function readAddress(url: string): Address {
  const rest = url.slice(url.indexOf('://') + 3);
  const [before = '', query = ''] = split(rest, '?');
  const at = before.lastIndexOf('@');
  const [user, password] = at < 0 ? [undefined, undefined] : split(before.slice(0, at), ':');
  const [hosts = ''] = split(before.slice(at + 1), '/');
  const secrets = [password, decoded(password)].filter((text) => text !== undefined && text !== '');
  return {
    hosts,
    user: decoded(user),
    isAtlas: url.startsWith('mongodb+srv:') || hosts.split(',').some((host) => /\.mongodb\.net(:\d+)?$/i.test(host)),
    given: new Set(query.split('&').map((pair) => (pair.split('=')[0] ?? '').toLowerCase())),
    scrub: (text) => {
      const plain = text.replace(/\/\/[^\s"]*@/g, `//${struckOut}@`);
      return secrets.reduce((shown: string, secret) => shown.replaceAll(secret ?? '', struckOut), plain);
    },
  };
}

function split(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
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
