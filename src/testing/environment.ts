import type { FdpError } from '../errors.ts';
import { seededChance } from '../kit/chance.ts';
import { type Clock, systemClock } from '../kit/clock.ts';
import type { Environment, Logger } from '../kit/environment.ts';
import { type NodeKind, NodeStats } from '../kit/node-stats.ts';
import type { OperatorContext } from '../kit/operator.ts';
import { type Outcomes, outcomesAt } from '../kit/outcomes.ts';
import type { RoleContext } from '../kit/role.ts';
import { Outcome } from '../kit/track.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly text: string;
}

/** A logger that keeps its lines. */
export function recordingLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: object, text: string) => void lines.push({ level, fields, text });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An environment for components under test; the machine's clock unless a virtual one is given. */
export function testEnvironment(
  clock: Clock = systemClock,
  seed = 1,
): Environment & { log: ReturnType<typeof recordingLog> } {
  return { clock, chance: seededChance(seed), log: recordingLog(), failPoint: () => {} };
}

export interface TestNode {
  readonly node: NodeStats;
  readonly outcomes: Outcomes;
  /** Every rejection, in order. */
  readonly rejections: FdpError[];
}

/** A node whose rejected messages end at once, without a dead letter. */
export function testNode(name = 'test', kind: NodeKind = 'operator'): TestNode {
  const rejections: FdpError[] = [];
  const node = new NodeStats(name, kind, name, { stateChanged: () => {} });
  const outcomes = outcomesAt(node, (_lane, message, error) => {
    rejections.push(error);
    message.track.end(Outcome.rejected);
  });
  return { node, outcomes, rejections };
}

export function operatorContext(environment: Environment = testEnvironment()): OperatorContext & TestNode {
  return {
    ...environment,
    ...testNode(),
    lookup: (name) => {
      throw new Error(`this test gives its operator no lookup "${name}"`);
    },
  };
}

export function roleContext(
  environment: Environment = testEnvironment(),
  more: Partial<Pick<RoleContext, 'routes' | 'input' | 'topology' | 'sourceReplays'>> = {},
): RoleContext & TestNode {
  return {
    ...environment,
    ...testNode('role', 'sink'),
    topology: 'test',
    routes: [],
    input: 'rows',
    sourceReplays: true,
    ...more,
  };
}
