import { from, type Observable } from 'rxjs';
import {
  contributionsOf,
  type Evidence,
  type Operate,
  TableEvidence,
} from '../../../connectors/shared/reconcile/evidence.ts';
import { LogEvidence } from '../../../connectors/shared/reconcile/log-evidence.ts';
import type { Reconcilable } from '../../../connectors/shared/reconcile/subject.ts';
import { loneRole } from '../../engine/lone-role.ts';
import type { ConnectorPlan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import type { TableAudit } from '../../kit/audit.ts';
import type { Connector } from '../../kit/connector.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Batch, Message } from '../../kit/message.ts';
import { outcomesAt } from '../../kit/outcomes.ts';
import type { ConnectorSpec, OperatorSpec } from '../../pipeline/spec.ts';
import { withConnector } from '../dead-letters/letters.ts';
import { definitionOf, type Subject, startFieldOf } from './subject.ts';

/** Calls `work` with what is to be compared, its stores connected. */
export async function withSubject<T>(
  subject: Subject,
  { environment, signal, wants }: SubjectOptions,
  work: (reconcilable: Reconcilable) => Promise<T>,
): Promise<T> {
  const { table, from: counted, operators, shape, underWay } = subject;
  const [tablePlan, plan] = [planOf(table), planOf(counted)];
  const definition = definitionOf(tablePlan);
  const contributions = contributionsOf(definition, operateWith(subject, operators, environment));
  const parts = { definition, shape, underWay, wants, startField: startFieldOf(subject) };
  return withAudit(tablePlan, environment, signal, (counters) => {
    const withEvidence = (evidence: Evidence) => work({ ...parts, counters, evidence });
    if (!subject.isLog)
      return withAudit(plan, environment, signal, (audit) =>
        withEvidence(new TableEvidence(audit, definitionOf(plan), contributions)),
      );
    return withConnector(plan, environment, (connector) => {
      const browse = () => {
        const source = connector.browse?.(loneRole(plan, 'source', environment));
        if (!source)
          throw new FdpError('FDP_NOT_SUPPORTED', `${plan.name}: ${plan.declaration.type} can't be read again`);
        return source;
      };
      return withEvidence(new LogEvidence(plan.name, browse, contributions));
    });
  });
}

export interface SubjectOptions extends Pick<Reconcilable, 'wants'> {
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

function planOf({ name, declaration, options }: ConnectorSpec): ConnectorPlan {
  if (!declaration) throw new FdpError('FDP_INTERNAL', `${name}: its type is unknown`);
  return { name, declaration, options };
}

function withAudit<T>(
  plan: ConnectorPlan,
  environment: Environment,
  signal: AbortSignal,
  work: (audit: TableAudit) => Promise<T>,
): Promise<T> {
  return withConnector(plan, environment, async (connector: Connector) => {
    const audit = connector.audit?.(loneRole(plan, 'sink', environment));
    if (!audit) throw new FdpError('FDP_NOT_SUPPORTED', `${plan.name}: ${plan.declaration.type} can't be reconciled`);
    try {
      await audit.connect(signal);
      return await work(audit);
    } finally {
      await audit.close();
    }
  });
}

/** Runs messages through the operators of a branch. They answer at once. */
function operateWith({ name }: Subject, specs: readonly OperatorSpec[], environment: Environment): Operate {
  const lane = { id: name, signal: new AbortController().signal };
  const operators = specs.map(({ type, declaration, options }) => {
    if (!declaration) throw new FdpError('FDP_INTERNAL', `${type}: is unknown`);
    const { node } = loneRole({ name: type, declaration: declaration as never, options }, 'operator', environment);
    const outcomes = outcomesAt(node, () => {});
    const lookup = () => {
      throw new FdpError('FDP_INTERNAL', `${type}: nothing is looked up`);
    };
    return declaration.create(options, { ...environment, node, outcomes, lookup });
  });
  return (messages) => {
    const out: Message[] = [];
    const batches: Observable<Batch> = from([{ lane, messages, warmUp: false }]);
    operators
      .reduce((stream, operator) => stream.pipe(operator), batches)
      .subscribe((batch) => {
        for (const message of batch.messages) out.push(message);
      });
    return out;
  };
}
