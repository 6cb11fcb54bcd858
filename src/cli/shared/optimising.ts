import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../../kit/clock.ts';

/**
 * The launcher has V8 optimise nothing: what loads the program and reads the pipeline runs once, and optimising it took a
 * quarter of the CPU time of `fdp validate`. From the next turn of the event loop on, what is hot is optimised.
 */
export async function optimiseFromNextTurn(): Promise<void> {
  await systemClock.turn();
  setFlagsFromString('--opt');
}
