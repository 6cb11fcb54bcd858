import { defer, mergeMap, type OperatorFunction } from 'rxjs';

/**
 * Like `concatMap` with a promise, but with up to `concurrency` calls under way; results are passed on in the order of
 * the input. The permits of the source bound what waits here.
 */
export function inOrder<T, R>(work: (value: T) => Promise<R>, concurrency: number): OperatorFunction<T, R> {
  return (source) =>
    defer(() => {
      const results = new Map<number, R>();
      let first = 0;
      return source.pipe(
        mergeMap(async (value, index) => void results.set(index, await work(value)), concurrency),
        mergeMap(() => {
          const ready: R[] = [];
          while (results.has(first)) {
            ready.push(results.get(first) as R);
            results.delete(first++);
          }
          return ready;
        }),
      );
    });
}
