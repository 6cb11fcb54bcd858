import { reconcile } from '../../../connectors/shared/reconcile/reconciliation.ts';
import { errorText, FdpError } from '../../errors.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Reconciler, TableReconciled } from '../../kit/reconciler.ts';
import { resolveConnectors } from '../../pipeline/give/resolve.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { withSubject } from './stores.ts';
import { type Subject, subjectsOf } from './subject.ts';
import { resultText } from './texts.ts';

/** Compares tables of a running pipeline with what they counted, with connectors of its own. */
export function reconcilerOf(spec: Spec, environment: Environment): Reconciler {
  const leftOut = (reason: string) => environment.log.debug({}, reason);
  const subjects = (tables: readonly string[] | undefined): readonly Subject[] => {
    try {
      return tables
        ? tables.flatMap((table) => subjectsOf(spec, table, leftOut))
        : subjectsOf(spec, undefined, leftOut);
    } catch (error) {
      throw new FdpError('FDP_SPEC_INVALID', errorText(error), { cause: error });
    }
  };
  return {
    check(tables) {
      const wanted = subjects(tables).flatMap(({ table, from }) => [table, from]);
      const [problem] = resolveConnectors(spec, wanted).problems;
      if (problem) throw new FdpError('FDP_SPEC_INVALID', `reconcile: ${problem.message}`);
    },
    async reconcile({ tables, repair, found }, signal) {
      const results: TableReconciled[] = [];
      for (const subject of subjects(tables)) {
        const { name: table } = subject;
        const options = {
          repair: repair && subject.whyNoRepair === undefined,
          found: (difference: Parameters<typeof found>[1]) => found(table, difference),
        };
        const result = await withSubject(subject, { environment, signal, wants: undefined }, (reconcilable) =>
          reconcile(reconcilable, options, signal),
        );
        const { differences, left } = result;
        results.push({ table, differences, left, text: resultText(subject, result) });
      }
      return results;
    },
  };
}
