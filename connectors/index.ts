import type { ConnectorDeclaration } from '../src/kit/declaration.ts';
import { memoryLog } from '../src/simulate/memory-log.ts';
import { memoryTable } from '../src/simulate/memory-table.ts';
import { file } from './file/index.ts';
import { finnhub } from './finnhub/index.ts';
import { kafka } from './kafka/index.ts';
import { mock } from './mock/index.ts';
import { mongodb } from './mongodb/index.ts';
import { reconcile } from './reconcile/index.ts';
import { rest } from './rest/index.ts';
import { sqliteLog } from './sqlite-log/index.ts';
import { sqliteTable } from './sqlite-table/index.ts';
import { stdout } from './stdout/index.ts';
import { tcp } from './tcp/index.ts';
import { terminal } from './terminal/index.ts';
import { websocketServer } from './websocket-server/index.ts';

/** Every connector type that a pipeline can name. */
export const connectors: readonly ConnectorDeclaration[] = [
  file,
  finnhub,
  kafka,
  memoryLog,
  memoryTable,
  mock,
  mongodb,
  reconcile,
  rest,
  sqliteLog,
  sqliteTable,
  stdout,
  tcp,
  terminal,
  websocketServer,
];
