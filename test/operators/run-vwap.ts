import { vwap } from '../../operators/vwap.ts';
import { runOperators } from '../support/engine/operators.ts';
import { operator } from './declared.ts';

/** Runs values through a `vwap` of this YAML. */
export const run = (yaml: string, values: readonly unknown[], batchEnds?: readonly number[]) =>
  runOperators([operator(vwap, yaml)], values, batchEnds ? { batchEnds } : {});
