import type { SinkGuarantee, SinkInput } from '../../../src/kit/guarantee.ts';
import type { TableOptions } from './definition.ts';

/** A table knows its rows by `unique`, and counters know which offsets they have counted. */
export function tableGuarantee({ unique, expire }: TableOptions, { input, sourceReplays }: SinkInput): SinkGuarantee {
  if (unique === undefined)
    return {
      repeats: {
        why: 'without `unique` a row is stored again when its message is read again',
        cure: 'set `unique` to a field that identifies the message, such as one that `idempotency_key` adds',
      },
    };
  if (expire !== undefined)
    return {
      repeats: {
        why: 'a row that has expired is stored again when its message is read again',
        cure: 'leave out `expire`',
      },
    };
  if (input === 'rows') return { knows: `knows each row by ${unique}` };
  if (sourceReplays) return { knows: 'notes in each row up to which offset it has counted' };
  return {
    repeats: {
      why: 'a change without an offset is made again when the outcome of its write is unknown',
      cure: 'write the messages into a log, and count from there',
    },
  };
}
