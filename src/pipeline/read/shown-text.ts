import { distance } from 'fastest-levenshtein';
import { starredUrls } from './secret-text.ts';
import type { SourceFile, SourceRange } from './source.ts';

type Range = Pick<SourceRange, 'start' | 'end'>;

/** Last words of keys whose value is secret; misspelt ones count too. */
const secretWords: readonly string[] = ['token', 'password', 'passwd', 'passphrase', 'secret', 'credential', 'apikey'];
/** How many letters may be wrong, longer words first. */
const slips = (word: string) => (word.length >= 8 ? 2 : 1);

/** A key of YAML and its colon: alone on its line, or within braces. */
const keys = /(^|[{,])([ \t]*(?:- +)*)(["']?)([A-Za-z_][\w-]*)\3[ \t]*:(?!\/\/)/gm;
/** `${NAME}`, without a default: the name of a secret, not the secret. */
const reference = /^["']?\$\{[A-Za-z_]\w*(?::\?[^}]*)?\}["']?$/;

const longestReference = 300;
/** Shorter parts of a hidden text are not searched for elsewhere. */
const minLength = 4;

/** Whether a key of this name is likely to hold a secret. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_-]/);
  const last = (words.at(-1) ?? '').replace(/s$/, '');
  const lastTwo = words.slice(-2).join('');
  return lastTwo === 'apikey' || secretWords.some((word) => distance(last, word) <= slips(word));
}

/**
 * A file's text as it may be shown: of the same length, with stars for users and passwords in URLs, for everything
 * after a key such as `token` or `password`, and for `more`. Works on text, so that it also covers invalid YAML.
 */
export function shownText(text: string, more: readonly Range[] = []): string {
  const ranges = [...more];
  let done = 0;
  for (const { index, 0: found, 1: before = '', 2: indent = '', 4: name = '' } of text.matchAll(keys)) {
    if (index < done || !isSecretName(name)) continue;
    const start = index + found.length;
    done = before === '' ? endOfBlock(text, start, indent.length) : endOfFlow(text, start);
    ranges.push({ start, end: done });
  }
  let at = 0;
  const pieces: string[] = [];
  for (const { start, end } of ranges.sort((a, b) => a.start - b.start)) {
    const from = Math.max(at, start);
    if (end <= from) continue;
    pieces.push(text.slice(at, from), starred(text.slice(from, end)));
    at = end;
  }
  return starredUrls([...pieces, text.slice(at)].join(''));
}

/** Where a value within braces ends: at the next comma or bracket of its level. */
function endOfFlow(text: string, from: number): number {
  let depth = 0;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') {
      if (depth-- === 0) return at;
    } else if ((character === ',' && depth === 0) || character === '\n') return at;
  }
  return text.length;
}

/** Where the value of a key that begins its line ends: with the line and all following lines with a deeper indent. */
function endOfBlock(text: string, from: number, indent: number): number {
  let end = lineEnd(text, from);
  const isAbove = text.slice(from, end).trim() === '';
  const isList = (line: string) => isAbove && /^\s*- /.test(line);
  while (end < text.length) {
    const next = lineEnd(text, end + 1);
    const line = text.slice(end + 1, next);
    const depth = line.search(/\S/);
    if (depth !== -1 && (depth < indent || (depth === indent && !isList(line)))) break;
    end = next;
  }
  return end;
}

function lineEnd(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  return found === -1 ? text.length : found;
}

/** Stars for everything except blanks, quotes and references to variables. */
function starred(text: string): string {
  const value = text.length > longestReference ? '' : text.replace(/[ \t]#.*$/, '').trim();
  return reference.test(value) ? text : text.replace(/[^\s"']/g, '*');
}

/** The files of a pipeline as they may be shown; `hidden` are ranges of further secrets. */
export class ShownTexts {
  readonly #hidden: readonly SourceRange[];
  readonly #texts = new Map<SourceFile, string>();

  constructor(hidden: readonly SourceRange[]) {
    this.#hidden = hidden;
  }

  of(file: SourceFile): string {
    const known = this.#texts.get(file);
    if (known !== undefined) return known;
    const here = this.#hidden.filter((range) => range.file === file);
    const text = shownText(file.text, here);
    this.#texts.set(file, text);
    return text;
  }

  /** A text about a range, without its secrets. */
  without(text: string, { file, start, end }: SourceRange): string {
    const raw = file.text.slice(start, end);
    const shown = this.of(file).slice(start, end);
    if (raw === shown) return text;
    const hidden = [...raw].map((character, at) => (shown[at] === '*' ? character : ' ')).join('');
    const words = [hidden.trim(), ...hidden.split(/[\s${}!&*]+/)].filter((word) => word.length >= minLength);
    return words.reduce((left, word) => left.replaceAll(word, '******'), text);
  }
}
