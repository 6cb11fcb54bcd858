import { FdpError } from '../errors.ts';

/**
 * The fail point that `FDP_FAIL_POINT` names: `table-after-insert`, or `table-after-insert:3` for the third time it
 * is passed. The process is then killed as by `kill -9`, between two durable steps; the tests of the guarantees use it.
 */
export function failPointFrom(wanted: string | undefined, kill: () => void): (name: string) => void {
  if (wanted === undefined || wanted === '') return () => {};
  const [, point, times = '1'] = /^([a-z-]+)(?::(\d+))?$/.exec(wanted) ?? [];
  if (point === undefined)
    throw new FdpError('FDP_USAGE', `FDP_FAIL_POINT: expected NAME or NAME:TIMES, got "${wanted}"`);
  let left = Number(times);
  return (name) => {
    if (name === point && --left === 0) kill();
  };
}
