import type { OperatorFunction } from 'rxjs';
import { holding } from './holding.ts';
import type { Batch, Message } from './message.ts';
import type { OperatorContext } from './operator.ts';

export interface WindowOptions {
  /** How long messages are collected, counted from the first one, ms. */
  readonly ms: number;
  /** The most messages of a window: the one that fills it closes it. */
  readonly maxMessages: number;
  /** Which messages belong together. */
  key(message: Message): string;
  /**
   * Makes one message from those of a window (in order, at least one); an error rejects all of
   * them.
   */
  make(messages: readonly Message[]): Message;
}

/**
 * One message for all messages of a key within a time; windows that are open at the end of the
 * input are closed.
 */
export function window(context: OperatorContext, options: WindowOptions): OperatorFunction<Batch, Batch> {
  const { ms, maxMessages, key, make } = options;
  return holding(context, (keeper) => {
    const open = new Map<string, { readonly messages: Message[]; readonly cancel: () => void }>();
    const close = (name: string) => {
      const { messages = [], cancel = () => {} } = open.get(name) ?? {};
      open.delete(name);
      cancel();
      try {
        keeper.passFor(messages, make(messages));
      } catch (error) {
        for (const message of messages) keeper.reject(message, error);
      }
    };
    return {
      take(message) {
        const name = key(message);
        keeper.hold(message);
        const known = open.get(name);
        if (known) known.messages.push(message);
        else open.set(name, { messages: [message], cancel: keeper.after(ms, () => close(name)) });
        if ((known?.messages.length ?? 1) >= maxMessages) close(name);
      },
      inputEnded: () => {
        for (const name of [...open.keys()]) close(name);
      },
    };
  });
}
