/** Stands for a secret. */
export const masked = '******';

/** Hides these texts in others; the longest first, since one may be a part of another. */
export function hiding(secrets: Iterable<string>): (text: string) => string {
  const longestFirst = [...secrets].sort((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((shown, secret) => shown.replaceAll(secret, masked), text);
}
