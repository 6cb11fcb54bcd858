import { parseJson } from '../../../src/kit/json.ts';
import type { RowState } from './store.ts';

/** What a row keeps beside its fields, as one text; null if there is nothing. */
export function statesText(states: RowState['states']): string | null {
  for (const _field in states) return JSON.stringify(states);
  return null;
}

/** What a row keeps beside its fields; `text` is null or missing when that is nothing. */
export function readStates(text: unknown): RowState['states'] {
  return typeof text === 'string' ? (parseJson(text) as RowState['states']) : {};
}
