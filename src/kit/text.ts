/** The most characters of an outside text that a line shows. */
const maxShown = 500;
const whitespace = /\s*[\n\r\t\v\f]\s*/g;
/**
 * Characters that control a terminal or hide text: control and format characters, line separators,
 * lone surrogates.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** Levels and characters that are shown of a value that is not text. */
const maxLevels = 100;

/**
 * Anything that came from outside, as one short line of plain text: required before it goes into
 * log lines, errors, dead letters' reasons, states and screens. Never throws, whatever it is given;
 * bounds the length, and writes control characters as `\u{1b}`.
 */
export function foreignText(value: unknown, max = maxShown): string {
  try {
    const text = typeof value === 'string' ? value : rawText(value, max + 1);
    const part = text.length > max ? text.slice(0, max) : text;
    const shown = part.replace(whitespace, ' ').replace(unsafe, escaped);
    return text.length > max ? `${shown}...` : shown;
  } catch {
    return 'an error without text';
  }
}

/**
 * The beginning of a value as JSON: at most about `max` characters, at most 100 levels deep
 * (`"..."` stands for what lies below). What has no JSON is written as text. Never throws, however
 * large, deep or broken the value is.
 */
export function jsonWithin(value: unknown, max: number): string {
  const parts: string[] = [];
  let left = max;
  const put = (text: string) => {
    parts.push(text.length > left ? text.slice(0, Math.max(0, left)) : text);
    left -= text.length;
  };
  try {
    write(value, { put, isFull: () => left <= 0, room: () => left }, 0);
  } catch {
    put('"..."');
  }
  return parts.join('');
}

interface Writer {
  put(text: string): void;
  isFull(): boolean;
  room(): number;
}

function write(value: unknown, writer: Writer, level: number): void {
  if (writer.isFull()) return;
  if (typeof value === 'string') writer.put(JSON.stringify(value.slice(0, Math.max(1, writer.room()))));
  else if (typeof value === 'number') writer.put(Number.isFinite(value) ? String(value) : 'null');
  else if (typeof value === 'boolean' || value === null) writer.put(String(value));
  else if (typeof value !== 'object') writer.put(JSON.stringify(String(value).slice(0, maxShown)));
  else if (level >= maxLevels) writer.put('"..."');
  else if (Array.isArray(value)) writeItems(value, writer, level);
  else writeFields(value as Readonly<Record<string, unknown>>, writer, level);
}

function writeItems(items: readonly unknown[], writer: Writer, level: number): void {
  writer.put('[');
  for (let index = 0; index < items.length && !writer.isFull(); index++) {
    if (index > 0) writer.put(',');
    write(items[index], writer, level + 1);
  }
  writer.put(']');
}

function writeFields(fields: Readonly<Record<string, unknown>>, writer: Writer, level: number): void {
  writer.put('{');
  let isFirst = true;
  for (const name in fields) {
    if (writer.isFull()) break;
    if (!Object.hasOwn(fields, name)) continue;
    writer.put(`${isFirst ? '' : ','}${JSON.stringify(name.slice(0, Math.max(1, writer.room())))}:`);
    isFirst = false;
    write(fields[name], writer, level + 1);
  }
  writer.put('}');
}

function rawText(value: unknown, max: number): string {
  if (value instanceof Error) return String(value.message || value.name);
  if (typeof value === 'object' && value !== null) return jsonWithin(value, max);
  return String(value);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** `1 trade`, `2 trades`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
