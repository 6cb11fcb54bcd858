import { Observable, type OperatorFunction } from 'rxjs';

/**
 * Like `concatMap` with a promise, but with up to `concurrency` calls under way; results are passed on in the order of
 * the input. What waits is bounded by the permits of the source, not here.
 */
export function inOrder<T, R>(work: (value: T) => Promise<R>, concurrency: number): OperatorFunction<T, R> {
  return (source) =>
    new Observable((subscriber) => {
      const waiting: T[] = [];
      const results: ({ readonly value: R } | undefined)[] = [];
      let first = 0;
      let next = 0;
      let running = 0;
      let ended = false;

      const start = () => {
        while (running < concurrency && waiting.length > 0) {
          const place = next++;
          running++;
          work(waiting.shift() as T).then(
            (value) => {
              running--;
              results[place - first] = { value };
              emit();
              start();
            },
            (error) => subscriber.error(error),
          );
        }
        if (ended && running === 0 && waiting.length === 0) subscriber.complete();
      };
      const emit = () => {
        while (results[0]) {
          const { value } = results[0];
          results.shift();
          first++;
          subscriber.next(value);
        }
      };
      return source.subscribe({
        next: (value) => {
          waiting.push(value);
          start();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          ended = true;
          start();
        },
      });
    });
}
