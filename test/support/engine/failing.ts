import { FdpError } from '../../../src/errors.ts';
import type { Message } from '../../../src/kit/message.ts';
import { perMessage } from '../../../src/kit/operator.ts';
import { operatorPlan } from './world.ts';

// Failures for the tests of the engine.

/** The number of a message of `numbered`. */
export const idOf = (message: Message) => (message.value as { readonly id: number }).id;

export const gone = () => new FdpError('FDP_CONNECTION_LOST', 'sink: gone');

export const never = () => new Promise<never>(() => {});

/** An operator that rejects some messages. */
export const rejecting = (ids: (id: number) => boolean) =>
  operatorPlan((_options, context) =>
    perMessage(context, (message) => {
      if (ids(idOf(message))) throw new Error('refused');
      return message;
    }),
  );
