import { parseJson } from '../../src/kit/json.ts';
import { foreignText } from '../../src/kit/text.ts';

/** A refusal is short. */
const longestLine = 1024;
const longestText = 200;

/** The text of a line with which a server refuses a client: `{"error":"...","code":"FDP_UNAUTHENTICATED"}`; undefined for any other. */
export function refusalIn(line: Buffer): string | undefined {
  if (line.length > longestLine || !line.includes('"FDP_')) return undefined;
  try {
    const { error, code } = parseJson(line.toString('utf8')) as { readonly error?: unknown; readonly code?: unknown };
    const isRefusal = code === 'FDP_UNAUTHENTICATED' || code === 'FDP_FORBIDDEN';
    return isRefusal && typeof error === 'string' ? foreignText(error, longestText) : undefined;
  } catch {
    return undefined;
  }
}
