import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Connector } from '../../../src/kit/connector.ts';
import { logOptions, noUsage } from '../../../src/kit/declaration.ts';
import { appendsAgain, type GuaranteeLimit } from '../../../src/kit/guarantee.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import { durationMs, sizeBytes } from '../../../src/kit/units.ts';
import type { LogStore } from './store.ts';
import { logSourceGuarantee, logSourceUsage, readLogUsage } from './usage.ts';

/** The retention of a log on this machine. */
interface Kept {
  readonly retention: string;
  readonly max_size: string;
  readonly max_message_bytes: string;
}

/** The common options of logs on this machine, with their own defaults. */
export function localLogOptions(defaults: Pick<Kept, 'retention' | 'max_size'>) {
  return {
    ...logOptions,
    retention: {
      type: 'string',
      format: 'duration',
      default: defaults.retention,
      description:
        'Messages older than this are removed, once every group that was active in the last day has read them.',
    },
    max_size: {
      type: 'string',
      format: 'size',
      default: defaults.max_size,
      description: 'Maximum size of the topic. Beyond it the oldest messages are removed, read or not.',
    },
    max_message_bytes: {
      type: 'string',
      format: 'size',
      default: '1MiB',
      description: 'Maximum size of a message with its key. A larger one goes to the dead letter.',
    },
  } as const satisfies Record<string, JSONSchema>;
}

/** The roles that logs on this machine declare; `loses` if their content does not outlive the process. */
export function localLogRoles(loses?: GuaranteeLimit) {
  const lost = loses ? { loses } : {};
  return {
    source: {
      options: logSourceUsage,
      guarantee: (_options: unknown, usage: FromSchema<typeof logSourceUsage>) => ({
        ...logSourceGuarantee(usage),
        ...lost,
      }),
    },
    sink: { options: noUsage, guarantee: () => ({ repeats: appendsAgain, ...lost }) },
  } as const;
}

/** The connector of a log on this machine; each role has a store of its own. */
export async function localLog(
  kept: Kept,
  storeFor: (context: RoleContext) => LogStore,
): Promise<Connector<FromSchema<typeof logSourceUsage>>> {
  const [{ LogSource }, { LogSink }, { LogBrowser }] = await Promise.all([
    import('./source.ts'),
    import('./sink.ts'),
    import('./browser.ts'),
  ]);
  const sink = {
    maxMessageBytes: sizeBytes(kept.max_message_bytes),
    retention: { retentionMs: durationMs(kept.retention), maxBytes: sizeBytes(kept.max_size), step: 1000 },
  };
  return {
    source: (usage, context) => new LogSource(storeFor(context), readLogUsage(usage), context),
    sink: (_usage, context) => new LogSink(storeFor(context), sink, context),
    browse: (context, since) => new LogBrowser(storeFor(context), context, since),
    close: async () => {},
  };
}
