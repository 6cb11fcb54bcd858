import { FdpError } from '../errors.ts';
import type { Message } from './message.ts';
import type { Meta } from './origin.ts';
import { fieldsOf } from './row.ts';

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const metaNames = ['topic', 'partition', 'offset', 'index'] as const satisfies readonly (keyof Meta)[];

/** Names that a template takes from the message's origin. */
export const templateMetaNames: readonly string[] = [...metaNames, 'key'];

/**
 * Names of dates, Unix ms: the message's timestamp, and when the source received it. Like every
 * other name they are fields of the value first, if it has such a field.
 */
export const templateDateNames: readonly string[] = ['timestamp', 'received'];

/** The names in a template's braces, in order. */
export function templateNames(text: string): string[] {
  return [...text.matchAll(placeholder)].map((match) => match[1] as string);
}

/**
 * Reads a template once and gives the function that fills it in. A string that is exactly one
 * `{name}` keeps the value's type, and is undefined when the value has no such field; anything else
 * becomes text. The function throws FDP_MESSAGE_INVALID when a name within a longer text has no
 * value.
 */
export function compileTemplate(text: string): (message: Message) => unknown {
  const parts = text.split(placeholder);
  if (parts.length === 1) return () => text;
  const names = templateNames(text);
  const readers = names.map(reader);
  const [only] = readers;
  if (only && text === `{${names[0]}}`) return only;
  const filled = [...parts];
  return (message) => {
    for (let at = 0; at < readers.length; at++) {
      const value = readers[at]?.(message);
      if (value === undefined || value === null)
        throw new FdpError('FDP_MESSAGE_INVALID', `"${text}": the message has no ${names[at]}`);
      filled[2 * at + 1] = String(value);
    }
    // Joined, not added up: V8 keeps a sum of strings as a tree with a node for each `+`, for as
    // long as the message lives.
    return filled.join('');
  };
}

function reader(name: string): (message: Message) => unknown {
  if (name === 'key') return (message) => message.key;
  const metaName = metaNames.find((known) => known === name);
  if (metaName === 'index') return (message) => message.meta.index;
  if (metaName) return ({ meta }) => (meta.origin ?? meta)[metaName];
  const dated = dates[name];
  return (message) => {
    if (dated && !hasFields(message)) return dated(message);
    const fields = fieldsOf(message);
    return Object.hasOwn(fields, name) ? fields[name] : dated?.(message);
  };
}

const dates: Readonly<Record<string, (message: Message) => number>> = {
  __proto__: null as never,
  timestamp: (message) => message.timestamp,
  received: (message) => message.track.timestamp,
};

function hasFields({ value }: Message): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
