import { defer, type OperatorFunction, tap } from 'rxjs';
import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import type { Batch, Message } from '../src/kit/message.ts';
import { type OperatorContext, perBatch } from '../src/kit/operator.ts';
import type { RequestContext } from '../src/kit/request.ts';
import { fieldsOf } from '../src/kit/row.ts';
import { rowSchema } from '../src/kit/row-schema.ts';
import { textFormats } from '../src/kit/row-text.ts';
import { checkFile, fileDescription, fileFormats } from './support/file-reply.ts';

/**
 * `reply`: replies to a request with its rows, also if there are none; with `one`, with its only row, and with 404
 * (FDP_NOT_FOUND) if there is none; with `file`, with a file of all rows, which is sent while they are read. The last operator
 * of a route.
 */
export const reply = defineOperator({
  type: 'reply',
  summary: 'Replies to the request with the messages as a list or a file, or with one message.',
  routesOnly: true,
  options: {
    type: 'object',
    description: 'Content of `data` in the reply.',
    additionalProperties: false,
    properties: {
      as: {
        type: 'string',
        minLength: 1,
        description: 'Name of the field that holds the list. Required unless there is `one` or `file`.',
        examples: ['available'],
      },
      one: {
        type: 'boolean',
        default: false,
        description: 'Replies with the only message itself; with 404 when there is none.',
      },
      file: {
        type: 'string',
        minLength: 1,
        description:
          'Replies with a file of this name, with all fields of the messages except `_id`; `{name}` is a parameter. It is sent while the messages come, as fast as the client reads. If it can not be finished, the connection is broken.',
        examples: ['trades-{symbol}'],
      },
      format: {
        enum: [...textFormats, fileFormats],
        default: 'csv',
        description:
          'Format of the file, which becomes the ending of its name: csv, ndjson, or `{format}` for what the parameter `format` says.',
      },
      pagination: {
        type: 'boolean',
        default: false,
        description:
          'Adds `pagination` with `next_cursor` (the sort value of the last row shown, Unix ms for a date) and `next` (the relative URL of the next page), both null on the last page; for a `find` with `page`.',
      },
      description: {
        type: 'string',
        minLength: 1,
        description: 'What the route answers, for the reference of the API.',
      },
    },
  },
  example: 'reply: { as: data, pagination: true }',
  shape(options, input, report, scope) {
    if (options.file !== undefined) {
      checkFile({ ...options, file: options.file }, { input, report, scope });
      return input;
    }
    if (options.one && (options.as !== undefined || options.pagination))
      report(['one'], 'one message is neither a list nor a page', 'leave out `as` and `pagination`');
    if (!options.one && options.as === undefined)
      report(
        [],
        'nothing says where the list goes',
        'give `as`, or `one: true` for a route of one message, or `file` for a file',
      );
    if (options.pagination && options.as === 'pagination')
      report(['as'], 'pagination is reserved for the links', 'choose another name for the list');
    return input;
  },
  streams: ({ file }) => file !== undefined,
  describe({ as = '', one, file, format, pagination, description }, route, input) {
    const described = description === undefined ? route : { ...route, description };
    if (file !== undefined) return { ...described, file: fileDescription({ file, format }, route, input) };
    if (one) return { ...described, reply: rowSchema(input), mayBeMissing: true };
    const rows = { [as]: { type: 'array', items: rowSchema(input) } };
    const properties = pagination ? { ...rows, pagination: linksSchema } : rows;
    const reply = { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
    return { ...described, reply };
  },
  create({ as = '', one, file, pagination }, context) {
    if (file !== undefined) return fileOf(context);
    return perBatch(context, ({ lane: { request }, messages }) => {
      if (one) {
        if (request) answerOne(request, messages);
        return;
      }
      const rows = messages.map((message) => message.value);
      request?.respond(pagination ? { [as]: rows, pagination: links(request) } : { [as]: rows });
    });
  },
});

/** Adds each batch to the file of its request, and ends the file with the last one. */
function fileOf(context: OperatorContext): OperatorFunction<Batch, Batch> {
  return (batches) =>
    defer(() => {
      let request: RequestContext | undefined;
      const add = perBatch(context, ({ lane, messages }) => {
        request = lane.request;
        if (request && !request.file)
          request.fail(new FdpError('FDP_INTERNAL', 'the source of this route sends no files'));
        request?.file?.add(messages.map(fieldsOf));
      });
      return batches.pipe(add, tap({ complete: () => request?.file?.end() }));
    });
}

function answerOne(request: RequestContext, messages: readonly Message[]): void {
  const [first, second] = messages;
  if (first && !second) request.respond(first.value);
  else if (first) request.fail(new FdpError('FDP_INTERNAL', `expected one row, got ${messages.length}`));
  else request.fail(new FdpError('FDP_NOT_FOUND', 'there is nothing at this path'));
}

const linksSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['next_cursor', 'next'],
  properties: {
    next_cursor: { type: ['number', 'null'], description: 'Sort value of the last row shown; null on the last page.' },
    next: { type: ['string', 'null'], description: 'Relative URL of the next page; null on the last one.' },
  },
};

interface Links {
  readonly next_cursor: number | null;
  readonly next: string | null;
}

/** The query of the next page: that of this page with other `limit` and `before`. */
function links({ path, query, page }: RequestContext): Links {
  if (!page) return { next_cursor: null, next: null };
  const parameters = new URLSearchParams(query);
  parameters.delete('limit');
  parameters.delete('before');
  parameters.append('limit', String(page.limit));
  parameters.append('before', `${page.value}_${page.id}`);
  return { next_cursor: page.value, next: `${path}?${parameters}` };
}
