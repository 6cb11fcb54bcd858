import type { TableAudit } from './audit.ts';
import type { Lookup } from './lookup.ts';
import type { RoleContext, Usage } from './role.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';

/**
 * One external system (a cluster, a database, a port): one instance per process, shared by all
 * topologies that name it. It hands out roles; each role is connected and closed on its own.
 * `defineConnector` takes the types of the usages from the schemas of the roles.
 */
export interface Connector<SourceUsage = Usage, SinkUsage = Usage> {
  source?(usage: SourceUsage, context: RoleContext): Source;
  sink?(usage: SinkUsage, context: RoleContext): Sink;
  lookup?(context: RoleContext): Lookup;
  /**
   * For a log: its current content, from the beginning, as a source that ends. It belongs to no
   * group, commits nothing, and its lanes have the same ids as those of a group. With `since`, Unix
   * ms, what comes before the first message of that time may be left out.
   */
  browse?(context: RoleContext, since?: number): Source;
  /**
   * For a table: its rows with what fdp keeps beside them, to compare counters with the rows that
   * they counted.
   */
  audit?(context: RoleContext): TableAudit;
  /** Frees what the roles shared. Called once, after every role was closed. */
  close(): Promise<void>;
}
