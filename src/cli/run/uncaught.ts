import { pathToFileURL } from 'node:url';
import { errorText, FdpError } from '../../errors.ts';
import type { Logger } from '../../kit/environment.ts';

interface Handling {
  readonly log: Logger;
  /** The file of each plugin, by its name. */
  readonly plugins?: ReadonlyMap<string, string> | undefined;
  /** Called once, with the first error. */
  stop(): void;
}

/**
 * Handles errors that nothing has caught: thrown in a timer or an event, or a rejected promise without a handler. What has
 * thrown it is in an unknown state, so the first one stops the process; it is logged with the plugin that its stack leads
 * to. Those that follow are logged as well. The returned function tells whether there was one.
 */
export function watchUncaught({ log, plugins = new Map(), stop }: Handling): () => boolean {
  let happened = false;
  const handle = (error: unknown, origin: string) => {
    const plugin = pluginOf(error, plugins);
    const what =
      origin === 'unhandledRejection' ? 'a rejected promise without a handler' : 'an error that nothing caught';
    const code = error instanceof FdpError ? error.code : 'FDP_INTERNAL';
    const from = plugin === undefined ? '' : ` of the plugin ${plugin}`;
    const then = happened ? '' : ': the process stops; what is in flight is read again';
    log.error({ code, err: error, ...(plugin && { plugin }) }, `${what}${from}: ${errorText(error)}${then}`);
    if (happened) return;
    happened = true;
    stop();
  };
  // A listener of this event gets both kinds; without one of `unhandledRejection` Node.js raises those as errors.
  process.on('uncaughtException', handle);
  return () => happened;
}

/** The plugin whose file is the first in the stack. */
function pluginOf(error: unknown, plugins: ReadonlyMap<string, string>): string | undefined {
  const { stack = '' } = (error ?? {}) as { readonly stack?: string };
  const found = [...plugins].flatMap(([name, path]) => {
    const at = [path, pathToFileURL(path).href].map((text) => stack.indexOf(text)).filter((index) => index >= 0);
    return at.length === 0 ? [] : [{ name, at: Math.min(...at) }];
  });
  return found.sort((one, other) => one.at - other.at)[0]?.name;
}
