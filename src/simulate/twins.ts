import { keepOptions, readTable, type TableOptions } from '../../connectors/shared/table/definition.ts';
import type { ConnectorPlan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';
import type { Connector } from '../kit/connector.ts';
import { type ConnectorContext, tableOptions } from '../kit/declaration.ts';
import { toJson } from '../kit/json.ts';
import type { Message } from '../kit/message.ts';
import type { Receipt, Sink } from '../kit/sink.ts';
import type { MemorySpace } from './memory/space.ts';
import type { MemoryTableOptions } from './memory/table-store.ts';
import { memoryLog } from './memory-log.ts';
import { memoryTable } from './memory-table.ts';
import { TapeWriter } from './packed-tape.ts';
import type { PushedInput } from './pushed-input.ts';
import type { RequestInput } from './request-input.ts';

/** Options that logs have in common, with what a log without a retention of its own keeps here. */
interface LogOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly retention?: string;
  readonly max_size?: string;
  readonly max_message_bytes?: string;
}

/** What stands for a connector of a plan. */
export type Twin =
  | { readonly kind: 'log'; readonly space: MemorySpace; readonly topic: string; readonly partitions: number }
  | { readonly kind: 'table'; readonly space: MemorySpace; readonly table: MemoryTableOptions }
  /** `kept`: what its sink was given, as JSON. */
  | { readonly kind: 'messages' | 'requests'; readonly kept: TapeWriter };

export interface TwinParts {
  readonly input: PushedInput;
  readonly requests: RequestInput;
  /** Ms since the topology was ready. */
  sinceReady(): number;
  /** The storage of a table, or of the log with one of these names. */
  space(names: readonly string[]): MemorySpace;
}

/**
 * The twin of a connector, and the connector that works with it: the same roles and declaration, in memory.
 * @throws FDP_SPEC_INVALID if its type declares none
 */
export function twinOf(plan: ConnectorPlan, parts: TwinParts): { readonly twin: Twin; readonly plan: ConnectorPlan } {
  const { name, declaration, options } = plan;
  const made = (twin: Twin, create: (context: ConnectorContext) => Promise<Connector>) => ({
    twin,
    plan: {
      ...plan,
      // What a connector loads when it is made takes no virtual time.
      declaration: {
        ...declaration,
        create: (_options: unknown, context: ConnectorContext) => context.clock.outside(create(context)),
      },
    },
  });
  switch (declaration.twin) {
    case 'log': {
      const {
        topic,
        partitions,
        retention = '7d',
        max_size = '1GiB',
        max_message_bytes = '1MiB',
      } = options as LogOptions;
      const space = parts.space(declaration.logNames?.(options) ?? [name]);
      const given = { topic, partitions, retention, max_size, max_message_bytes, space: space.name };
      return made({ kind: 'log', space, topic, partitions }, (context) => memoryLog.create(given, context));
    }
    case 'table': {
      const space = parts.space([`table ${name}`]);
      const given = { ...familyOptions(options), space: space.name, table: name };
      const table = { name, definition: readTable(name, given) };
      return made({ kind: 'table', space, table }, (context) => memoryTable.create(given, context));
    }
    case 'messages':
    case 'requests': {
      const { twin: kind } = declaration;
      const kept = new TapeWriter();
      const keep = ({ key, value }: Message) => kept.push(Math.ceil(parts.sinceReady()), key, toJson(value, name));
      const input = kind === 'requests' ? parts.requests : parts.input;
      const create = async (): Promise<Connector> => ({
        source: (_usage, context) => input.source(name, context),
        sink: () => keepingSink(keep),
        close: async () => {},
      });
      return made({ kind, kept }, create);
    }
    default:
      throw new FdpError('FDP_SPEC_INVALID', `${name}: connectors of type ${declaration.type} have no twin in memory`);
  }
}

/** The options of a table that all tables have. */
export function familyOptions(options: unknown): TableOptions {
  const names = [...Object.keys(tableOptions), ...Object.keys(keepOptions)];
  return Object.fromEntries(Object.entries(options as object).filter(([name]) => names.includes(name)));
}

/** A sink that keeps what it gets. @param keep throws for a message that can't be kept */
function keepingSink(keep: (message: Message) => void): Sink {
  return {
    ordered: true,
    connect: async () => {},
    close: async () => {},
    write: async (messages): Promise<Receipt> => {
      const failed = new Map<number, Error>();
      for (const [index, message] of messages.entries()) {
        try {
          keep(message);
        } catch (error) {
          failed.set(index, error as Error);
        }
      }
      return { failed };
    },
  };
}
