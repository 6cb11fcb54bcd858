import { FdpError } from '../../src/errors.ts';
import type { Lookup } from '../../src/kit/lookup.ts';
import type { Message } from '../../src/kit/message.ts';
import { type NextRows, pageSize, rowPages } from '../../src/kit/row-pages.ts';
import { templateNames } from '../../src/kit/template.ts';
import { compileQuery, type FindOptions } from './find-query.ts';
import { parameterInvalid } from './parameters.ts';

/**
 * Returns the function that reads a message's rows page by page, all of them or none: before the first page goes on, it is
 * checked that there are no more than `atMost`.
 * It throws FDP_PARAMETER_INVALID for more; FDP_RESULT_TOO_LARGE when they become more meanwhile; and what the store throws.
 */
export function compileStream(
  options: FindOptions,
  atMost: number,
  table: Pick<Lookup, 'find'>,
): (message: Message) => NextRows {
  const queryOf = compileQuery(options);
  const bounds = Object.values(options.where).flatMap((range) =>
    typeof range === 'object' ? Object.values(range) : [],
  );
  const names = bounds.flatMap((bound) => (typeof bound === 'string' ? templateNames(bound) : []));
  const advice = names.length === 0 ? '' : `: narrow the range with ${names.join(' and ')}`;
  return (message) => {
    const query = queryOf(message);
    const next = rowPages(table, query);
    let count = 0;
    return async (signal) => {
      const rows = await next(signal);
      if (count === 0 && rows.length === pageSize) {
        const beyond = await table.find({ ...query, skip: atMost, limit: 1 }, signal);
        if (beyond.length > 0) throw parameterInvalid(`more than ${atMost} rows of ${options.in} match${advice}`);
      }
      count += rows.length;
      if (count <= atMost) return rows;
      throw new FdpError('FDP_RESULT_TOO_LARGE', `${options.in}: there are more than ${atMost} rows by now`);
    };
  };
}
