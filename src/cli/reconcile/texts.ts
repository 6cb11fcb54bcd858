import type { Reconciled } from '../../../connectors/shared/reconcile/reconciliation.ts';
import type { Difference } from '../../kit/reconciler.ts';
import { counted, foreignText } from '../../kit/text.ts';
import type { Subject } from './subject.ts';

/** A difference as one line. */
export function differenceText(table: string, { key, fields, cause, repaired, left }: Difference): string {
  const parts = Object.entries(fields).map(
    ([field, { stored, recomputed }]) => `${field} is ${stored ?? 'missing'}, recomputed ${recomputed ?? 'none'}`,
  );
  const end = repaired ? '; repaired' : left === undefined ? '' : `; not repaired: ${left}`;
  return `${table} ${foreignText(String(key))}: ${[parts.join(', '), cause].filter((part) => part !== '').join(': ')}${end}`;
}

/** What a comparison came to, as one line. */
export function resultText({ name, from }: Pick<Subject, 'name' | 'from'>, result: Reconciled): string {
  const { differences, left, ahead, messages, partial } = result;
  const repaired = differences - left;
  const parts = [
    differences === 0 ? 'no difference' : counted(differences, 'difference'),
    ...(repaired > 0 ? [`${repaired} repaired`] : []),
    ...(differences > 0 ? [`${left} left`] : []),
    ...(ahead > 0 ? [`${counted(ahead, 'message')} stored and not counted yet`] : []),
    ...(partial === undefined ? [] : [`${from.name}: ${partial}: rows that hold more than was found are not compared`]),
  ];
  return `${name}: ${counted(result.rows, 'row')} compared with ${counted(messages, 'message')} of ${from.name}: ${parts.join(', ')}`;
}
