const masked = '******';
const url = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi;
/** User and password, also one that holds what should have been percent-encoded. */
const userInfo = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#@:]*@|[^/?#@:]*:[^@]*@(?:[^=&]*@)*)/i;
const bareUserInfo = /(^|[\s,"'])[^\s,/@:"']+:(?!\/\/)[^\s,@"']*@(?=[^\s,@]+:\d)/g;
const queryValue = /([?&;][^=&;#?]*=)[^&;#]+/g;
/** Names of query parameters whose value is looked for wherever else it is. */
const secretName = /token|pass|secret|key|auth|sig|credential/i;

/** The text without what may be secret in a URL: user, password and the value of every query parameter. */
export function maskedUrls(text: string): string {
  const bare = text.replace(bareUserInfo, `$1${masked}@`);
  return bare.replace(url, (found) => found.replace(userInfo, `$1${masked}@`).replace(queryValue, `$1${masked}`));
}

/** The text, as long as before, with stars for users and passwords in URLs: what stands behind them keeps its column. */
export function starredUrls(text: string): string {
  return text.replace(url, (found) =>
    found.replace(userInfo, (start, scheme: string) => `${scheme}${'*'.repeat(start.length - scheme.length - 1)}@`),
  );
}

/** The secrets that a URL holds, as they are written and as they are meant. */
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
