import type { TextPart } from '../read/tree.ts';

/** An option of a connector whose value was made from environment variables. */
export interface VariableOption {
  /** Its name, with those of the options around it: `listen`, `sasl.password`. */
  readonly option: string;
  /** What it was made from, in order; texts of the pipeline itself have no variables. */
  readonly parts: readonly TextPart[];
  /** The option as its connector got it, a path as the absolute one; undefined for secrets. */
  readonly value: string | undefined;
}

/** A connector, with the options of its own that were made from environment variables. */
export interface Named {
  readonly name: string;
  readonly options: readonly VariableOption[];
}

/** A text that mentions an option's value, or a part of it. */
interface Mention {
  readonly pattern: RegExp;
  readonly variables: readonly string[];
}

/** Values that are too common in texts to mean the option. */
const unclear = /^(.{0,2}|true|false|[\d.]+\w{0,3})$/;
const hostAndPort = /(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?(?=$|[,/?])/g;

/**
 * Adds to an error's text where its values come from: `port 8000 (from API_PORT) is in use`. The first mention of an
 * option counts: its value, one of its addresses, a port, a host, the folder of a file, or its name in backticks. A
 * text that begins with a connector's name is about that connector: others with the same value are not mentioned.
 */
export function withVariables(connectors: readonly Named[], text: string): string {
  const about = connectors.filter(({ name }) => text.startsWith(`${name}: `));
  const options = (about.length > 0 ? about : connectors).flatMap((connector) => connector.options);
  const notes = new Map<number, readonly string[]>();
  for (const option of options) {
    for (const alternatives of mentionsOf(option)) {
      const found = firstOf(alternatives, text);
      if (found) notes.set(found.end, [...new Set([...(notes.get(found.end) ?? []), ...found.variables])]);
    }
  }
  const ends = [...notes].sort(([one], [other]) => other - one);
  return ends.reduce((all, [end, names]) => `${all.slice(0, end)} (from ${names.join(', ')})${all.slice(end)}`, text);
}

function firstOf(mentions: readonly Mention[], text: string) {
  for (const { pattern, variables } of mentions) {
    const match = variables.length > 0 ? pattern.exec(text) : null;
    if (match) return { end: match.index + match[0].length, variables };
  }
  return undefined;
}

/** For each thing that the option names, the ways to mention it, the clearest first. */
function mentionsOf({ option, value, parts }: VariableOption): readonly (readonly Mention[])[] {
  const all = parts.flatMap(({ variables }) => variables);
  const named = { pattern: literal(`\`${option}\``), variables: all };
  if (value === undefined || unclear.test(value)) return [[named]];
  const whole = [{ pattern: literal(value), variables: all }, ...folderOf(value, all)];
  const addresses = addressesOf(value, parts);
  return addresses.length > 0 ? addresses.map((address) => [...whole, ...address, named]) : [[...whole, named]];
}

function folderOf(value: string, variables: readonly string[]): readonly Mention[] {
  const folder = value.includes('://') ? '' : value.slice(0, Math.max(0, value.lastIndexOf('/')));
  return unclear.test(folder) ? [] : [{ pattern: literal(folder), variables }];
}

/** Hosts and ports, of a list or a URL too. */
function addressesOf(value: string, parts: readonly TextPart[]): readonly (readonly Mention[])[] {
  const isUrl = value.includes('://');
  const from = isUrl ? value.indexOf('://') + 3 : 0;
  const path = value.slice(from).search(/[/?]/);
  const authority = value.slice(from, path < 0 ? undefined : from + path);
  const hosts = authority.lastIndexOf('@') + 1;
  return [...authority.slice(hosts).matchAll(hostAndPort)].flatMap((match) => {
    const [all, host = '', port] = match;
    if (port === undefined && !isUrl) return [];
    const at = from + hosts + match.index;
    const between = (begin: number, length: number) => variablesIn(parts, begin, begin + length);
    const mentions = [
      { pattern: literal(all), variables: between(at, all.length) },
      { pattern: literal(host, port === undefined ? '(?::\\d+)?' : ''), variables: between(at, host.length) },
    ];
    const byPort = { pattern: literal(`port ${port}`), variables: between(at + host.length + 1, port?.length ?? 0) };
    return [port === undefined ? mentions : [byPort, ...mentions]];
  });
}

/** The variables of the parts between two offsets of the whole. */
function variablesIn(parts: readonly TextPart[], begin: number, end: number): readonly string[] {
  let at = 0;
  const found = new Set<string>();
  for (const { text, variables } of parts) {
    const isWithin = at < end && at + text.length > begin;
    if (isWithin) for (const name of variables) found.add(name);
    at += text.length;
  }
  return [...found];
}

/** The text, with a following quote, not as a part of a longer word, path or address. */
function literal(text: string, after = ''): RegExp {
  return new RegExp(`(?<![\\w.-])${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}${after}(?![\\w/-]|[.:]\\w)["']?`);
}
