import { masked } from '../../kit/hiding.ts';

const url = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi;
/** User and password, also with characters that should have been percent-encoded. */
const userInfo = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#@:]*@|[^/?#@:]*:[^@]*@(?:[^=&]*@)*)/i;
const bareUserInfo = /(^|[\s,"'])[^\s,/@:"']+:(?!\/\/)[^\s,@"']*@(?=[^\s,@]+:\d)/g;
const queryValue = /([?&;][^=&;#?]*=)[^&;#]+/g;
/** Names of query parameters whose value is hidden everywhere else, too. */
const secretName = /token|pass|secret|key|auth|sig|credential/i;

/** The text without the parts of a URL that may be secret: user, password and the value of every query parameter. */
export function maskedUrls(text: string): string {
  const bare = text.replace(bareUserInfo, `$1${masked}@`);
  return bare.replace(url, (found) => found.replace(userInfo, `$1${masked}@`).replace(queryValue, `$1${masked}`));
}

/** The text with stars for users and passwords in URLs, of the same length, so that all columns stay. */
export function starredUrls(text: string): string {
  return text.replace(url, (found) =>
    found.replace(userInfo, (start, scheme: string) => `${scheme}${'*'.repeat(start.length - scheme.length - 1)}@`),
  );
}

/** The secrets of a URL, as written and percent-decoded. */
export function secretsInUrls(text: string): readonly string[] {
  return [...text.matchAll(url)].flatMap(([found]) => {
    const user = userInfo.exec(found)?.[0] ?? '';
    const password = /:\/\/[^:]*:(.*)@$/.exec(user)?.[1];
    const values = [...found.slice(user.length).matchAll(/[?&;]([^=&;#?]*)=([^&;#]+)/g)];
    const secrets = values.filter(([, name = '']) => secretName.test(name)).map(([, , value = '']) => value);
    return [password, ...secrets].flatMap((secret) => (secret ? [secret, decoded(secret)] : []));
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
