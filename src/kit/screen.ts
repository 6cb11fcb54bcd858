/** True when a person looks at the stream through a terminal that can be painted on. */
export function isScreen(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}
