import type { Logger as PinoLogger } from 'pino';
import { errorText, FdpError } from '../errors.ts';
import { type Clock, systemClock } from '../kit/clock.ts';
import type { Logger } from '../kit/environment.ts';
import { secretMask } from './mask.ts';

/** Values of `LOG_LEVEL`, from the most lines to the fewest. */
const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The level that LOG_LEVEL names; unset or empty it is `info`.
 * @throws FDP_USAGE for another word
 */
export function logLevel(wanted: string | undefined): LogLevel {
  const level = wanted || 'info';
  const known = logLevels.find((each) => each === level);
  if (known === undefined)
    throw new FdpError('FDP_USAGE', `LOG_LEVEL: expected ${logLevels.join(', ')}, got "${level}"`);
  return known;
}

const longestText = 4000;
/** Control and format characters that JSON does not escape, and how it escapes the others. */
const rawSteering = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const steering = new RegExp(`\\\\u00[01]|${rawSteering.source}`);

/** Receives complete lines, each with its line end. */
export interface LogDestination {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** For people at a terminal; else JSON lines. */
  readonly pretty?: boolean;
  /** Colours in pretty lines. */
  readonly colour?: boolean;
  /** The name of the process, on every JSON line; without it no line has one. */
  readonly instance?: string;
  /** Where lines go; stderr unless given. */
  readonly destination?: LogDestination;
  readonly clock?: Clock;
}

/** The log of a process. Writing is synchronous: no line is lost at the end. */
export interface Log extends Logger {
  /** The same log with fields that every line carries. */
  child(fields: object): Log;
  /** From now on these texts are written as `******` anywhere in a line's values, also by all children. */
  mask(secrets: readonly string[]): void;
  /** Flushes buffers, synchronously. */
  flush(): void;
}

/**
 * Makes the log: one JSON object a line with `level` (a word), `time` (ISO, UTC), `instance`, the fields and `msg`,
 * none of them twice; an error under `error` or `err` becomes its code and message. Pretty lines say the same for
 * people; that code is loaded only then, and Pino where there is a log.
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const { pino } = await import('pino');
  const clock = options.clock ?? systemClock;
  const target = options.destination ?? pino.destination({ dest: 2, sync: true });
  const format = options.pretty ? await prettyFormat(options.colour ?? false) : (line: string) => line;
  const mask = secretMask();
  const logger = pino(
    {
      level: options.level,
      base: options.instance === undefined || options.pretty ? null : { instance: options.instance },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: errorFields, err: errorFields },
    },
    { write: (line: string) => target.write(format(harmless(mask.apply(line)))) },
  );
  const flush = () => {
    if ('flushSync' in target && typeof target.flushSync === 'function') target.flushSync();
  };
  return logOver(logger, {}, { mask: mask.add, flush });
}

/** Names that the log itself writes: a field of that name is renamed. */
const reserved = ['level', 'time', 'instance', 'msg'] as const;

function logOver(logger: PinoLogger, bound: object, shared: Pick<Log, 'mask' | 'flush'>): Log {
  const all = (fields: object) => ({ ...bound, ...renamed(fields) });
  return {
    debug: (fields, text) => logger.debug(all(fields), bounded(text)),
    info: (fields, text) => logger.info(all(fields), bounded(text)),
    warn: (fields, text) => logger.warn(all(fields), bounded(text)),
    error: (fields, text) => logger.error(all(fields), bounded(text)),
    child: (fields) => logOver(logger, all(fields), shared),
    ...shared,
  };
}

function renamed(fields: object): object {
  if (!reserved.some((name) => name in fields)) return fields;
  const isReserved = (name: string) => reserved.some((each) => each === name);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [isReserved(name) ? `field_${name}` : name, value]),
  );
}

/** A last safeguard: lines should be short already. */
function bounded(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}...` : text;
}

/** A line of JSON without terminal control characters, also after it is parsed for pretty output. */
function harmless(line: string): string {
  if (!steering.test(line)) return line;
  return line
    .replace(/(?<!\\)((?:\\\\)*)\\u00([01][0-9a-f])/g, '$1\\\\u{$2}')
    .replace(rawSteering, (character) => `\\\\u{${character.charCodeAt(0).toString(16)}}`);
}

/** An error as fields, with its stack only if it is unexpected. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const cause = error.cause === undefined ? {} : { cause: errorText(error.cause) };
  if (error instanceof FdpError) return { code: error.code, message: errorText(error), ...cause };
  return { type: error.name, message: errorText(error), stack: error.stack, ...cause };
}

async function prettyFormat(colour: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: colour,
    colorizeObjects: false,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'topology,node',
    messageFormat: '{if topology}{topology} {end}{if node}{node}: {end}{msg}',
    singleLine: true,
  });
  return pretty;
}
