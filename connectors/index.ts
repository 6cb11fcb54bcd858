import type { ConnectorDeclaration } from '../src/engine/declaration.ts';
import { file } from './file.ts';
import { finnhub } from './finnhub.ts';
import { kafka } from './kafka.ts';
import { memoryLog } from './memory-log.ts';
import { memoryTable } from './memory-table.ts';
import { mock } from './mock.ts';
import { mongodb } from './mongodb.ts';
import { rest } from './rest.ts';
import { sqliteLog } from './sqlite-log.ts';
import { sqliteTable } from './sqlite-table.ts';
import { stdout } from './stdout.ts';
import { tcp } from './tcp.ts';
import { terminal } from './terminal.ts';
import { websocketServer } from './websocket-server.ts';

/** Every connector type that a pipeline can name. */
export const connectors: readonly ConnectorDeclaration[] = [
  file,
  finnhub,
  kafka,
  memoryLog,
  memoryTable,
  mock,
  mongodb,
  rest,
  sqliteLog,
  sqliteTable,
  stdout,
  tcp,
  terminal,
  websocketServer,
];
