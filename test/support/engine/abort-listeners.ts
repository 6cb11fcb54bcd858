/** Counts the listeners on all abort signals from now on. A `once` listener that was called no longer counts. */
export function countedListeners(): Disposable & { readonly count: number } {
  const { addEventListener, removeEventListener } = AbortSignal.prototype;
  const held = new Map<AbortSignal, Set<unknown>>();
  const prototype = AbortSignal.prototype;
  prototype.addEventListener = function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
    held.set(this, (held.get(this) ?? new Set()).add(args[1]));
    addEventListener.apply(this, args);
  };
  prototype.removeEventListener = function (this: AbortSignal, ...args: Parameters<typeof removeEventListener>) {
    held.get(this)?.delete(args[1]);
    removeEventListener.apply(this, args);
  };
  return {
    get count() {
      return [...held].reduce((sum, [signal, listeners]) => sum + (signal.aborted ? 0 : listeners.size), 0);
    },
    [Symbol.dispose]() {
      Reflect.deleteProperty(prototype, 'addEventListener');
      Reflect.deleteProperty(prototype, 'removeEventListener');
    },
  };
}
