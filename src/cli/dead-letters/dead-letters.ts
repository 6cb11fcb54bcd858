import { FdpError } from '../../errors.ts';
import { jsonResult } from '../shared/json-result.ts';
import { programName } from '../shared/program.ts';
import { table } from '../shared/text.ts';
import type { CommandResult, SpecRequest } from '../validate.ts';
import { type FoundLetter, type Letters, withLetters } from './letters.ts';
import { bytesOfLetter } from './replay-source.ts';

/** Columns without a terminal: one line per letter. */
const unwrapped = 10_000;
/** Letters that `list` shows: the newest. */
const shown = 1000;

export interface LetterFlags {
  /** `list`: includes dropped letters. */
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `fdp dead-letters list`: one line per letter, the newest last; dropped ones only with `--all`. */
export function listLetters(
  request: SpecRequest,
  { all = false, json = false }: LetterFlags = {},
  width = unwrapped,
): Promise<CommandResult> {
  return withLetters(request, async (letters) => {
    const newest: FoundLetter[] = [];
    let count = 0;
    await letters.each((found) => {
      if (found.note?.note === 'dropped' && !all) return;
      count++;
      newest.push(found);
      if (newest.length > 2 * shown) newest.splice(0, shown);
    });
    const listed = newest.slice(-shown).sort((a, b) => a.letter.rejected_at - b.letter.rejected_at);
    const older = count - listed.length;
    if (json) return jsonResult({ letters: listed.map(asJson), older });
    const rows = [['ID', 'REJECTED', 'STATE', 'NODE', 'ORIGIN', 'CODE', 'REASON'], ...listed.map(rowOf)];
    const lines = count === 0 ? ['no dead letters'] : table(rows, width);
    const more = older > 0 ? [`and ${older} older ones`] : [];
    return { text: `${[...lines, ...more].join('\n')}\n`, exitCode: 0 };
  });
}

/** `fdp dead-letters show ID`: one complete letter, its message as text if it is text. */
export function showLetter(
  request: SpecRequest,
  id: string,
  { json = false }: LetterFlags = {},
): Promise<CommandResult> {
  return withLetters(request, async (letters) => {
    const found = await named(letters, [id]);
    if (json) return jsonResult({ letters: found.map(asJson) });
    return { text: found.map(pageOf).join('\n'), exitCode: 0 };
  });
}

/** `fdp dead-letters drop ID...`: marks letters as dropped; they are no longer listed or replayed. */
export function dropLetters(
  request: SpecRequest,
  ids: readonly string[],
  { json = false }: LetterFlags = {},
): Promise<CommandResult> {
  return withLetters(request, async (letters) => {
    const found = (await named(letters, ids)).filter(({ note }) => note?.note !== 'dropped');
    for (const log of new Set(found.map((each) => each.log)))
      await letters.note(
        log,
        found.filter((each) => each.log === log),
        'dropped',
      );
    if (json) return jsonResult({ dropped: found.map(({ shownId }) => shownId) });
    return { text: `${found.length} dropped\n`, exitCode: 0 };
  });
}

/**
 * The letters of these ids, in the order of the logs.
 * @throws FDP_USAGE if one of them does not exist
 */
async function named(letters: Letters, ids: readonly string[]): Promise<readonly FoundLetter[]> {
  const found: FoundLetter[] = [];
  await letters.each((each) => {
    if (ids.includes(each.shownId)) found.push(each);
  });
  const missing = ids.find((id) => !found.some(({ shownId }) => shownId === id));
  if (missing !== undefined) throw noSuchLetter(missing);
  return found;
}

export function noSuchLetter(id: string): FdpError {
  const text = `dead-letters: there is no dead letter "${id}": "${programName()} dead-letters list --all" lists all`;
  return new FdpError('FDP_USAGE', text);
}

function pageOf({ letter, note }: FoundLetter): string {
  const { value: _value, encoding, ...rest } = letter;
  const kept = bytesOfLetter(letter);
  const truncated = kept.length < letter.bytes ? `, the first ${kept.length} of ${letter.bytes} bytes` : '';
  const done = note ? `${note.note} ${new Date(note.at).toISOString()}\n` : '';
  return `${done}${JSON.stringify(rest, null, 2)}\nmessage (${encoding}${truncated}):\n${letter.value}\n`;
}

function rowOf({ shownId, letter, note }: FoundLetter): string[] {
  const { topic = letter.origin.lane, partition, offset, index } = letter.origin;
  const coordinates = [topic, partition, offset].filter((part) => part !== undefined).join('-');
  return [
    shownId,
    new Date(letter.rejected_at).toISOString(),
    note?.note ?? 'open',
    `${letter.topology}/${letter.node}`,
    index === undefined ? coordinates : `${coordinates}--${index}`,
    letter.code,
    letter.reason,
  ];
}

function asJson({ shownId, letter, note }: FoundLetter): object {
  return { id: shownId, state: note?.note ?? 'open', ...(note ? { done_at: note.at } : {}), ...letter };
}
