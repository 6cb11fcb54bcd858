import { parseJson } from '../../src/kit/json.ts';
import { foreignText } from '../../src/kit/text.ts';

/** A refusal is short. */
const longestLine = 1024;
const longestText = 200;
const codes: ReadonlySet<string> = new Set(['FDP_UNAUTHENTICATED', 'FDP_FORBIDDEN', 'FDP_RATE_LIMITED']);

/** The text of a line with which a server refuses a client: `{"error":"...","code":"FDP_UNAUTHENTICATED"}`; undefined for any other. */
export function refusalIn(line: Buffer): string | undefined {
  if (line.length > longestLine || !line.includes('"FDP_')) return undefined;
  try {
    const { error, code } = parseJson(line.toString('utf8')) as { readonly error?: unknown; readonly code?: unknown };
    const isRefusal = typeof code === 'string' && codes.has(code);
    return isRefusal && typeof error === 'string' ? foreignText(error, longestText) : undefined;
  } catch {
    return undefined;
  }
}
