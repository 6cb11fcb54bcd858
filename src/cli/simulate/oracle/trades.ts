import { compileExpression } from '../../../../operators/support/expression.ts';
import type { OperatorPlan } from '../../../engine/plan.ts';
import { withField } from '../../../kit/row.ts';
import { eligible } from './eligibility.ts';

/** A record of a log that a topology reads, or a message of a feed, as the oracle sees it. */
export interface SourceRecord {
  readonly partition: number;
  readonly offset: number;
  /** Unix ms. */
  readonly timestamp: number;
  readonly key: string | null;
  readonly topic: string;
  /** Undefined where it is no JSON. */
  readonly value: unknown;
}

/** One message that comes out of operators which look at nothing but one message: a trade, mostly. */
export interface Piece {
  readonly record: SourceRecord;
  /** Position within the record. */
  readonly index: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Gets the pieces that come out of operators, one after the other. */
export interface PieceTaker {
  passed(piece: Piece): void;
  /** One that `require` rejects. */
  rejected(piece: Piece): void;
}

/** What operators make of pieces, one by one, for a taker. */
export type Steps = (to: PieceTaker) => (piece: Piece) => void;

/** What operators make of pieces, by what their documentation says; undefined for a chain with one that is not known here. */
export function stepsThrough(operators: readonly OperatorPlan[]): Steps | undefined {
  const steps = operators.map(stepOf);
  if (steps.includes(undefined)) return undefined;
  const last: Steps = (to) => (piece) => to.passed(piece);
  return (steps as readonly Steps[]).reduceRight<Steps>((after, step) => followed(step, after), last);
}

function followed(step: Steps, after: Steps): Steps {
  return (to) => step({ passed: after(to), rejected: (piece) => to.rejected(piece) });
}

function stepOf({ declaration, options }: OperatorPlan): Steps | undefined {
  if (declaration.type === 'explode') return exploded(options as ExplodeOptions);
  if (declaration.type === 'filter') return filtered(String(options), false);
  if (declaration.type === 'require') return filtered(String(options), true);
  if (declaration.type === 'eligibility') {
    const judged = eligible(options);
    return ({ passed }) =>
      (piece) =>
        passed({ ...piece, fields: judged(piece.fields) });
  }
  if (declaration.type === 'idempotency_key') {
    const { as, from } = options as { readonly as: string; readonly from: string };
    const fill = filler(from);
    return ({ passed }) =>
      (piece) =>
        passed({ ...piece, fields: withField(piece.fields, as, fill(piece)) });
  }
  return undefined;
}

interface ExplodeOptions {
  readonly field: string;
  readonly as?: Readonly<Record<string, string>>;
}

function exploded({ field, as }: ExplodeOptions): Steps {
  const names = as && Object.entries(as);
  return ({ passed }) =>
    ({ record, fields: whole }) => {
      for (const [index, item] of (whole[field] as readonly Readonly<Record<string, unknown>>[]).entries()) {
        const fields: Record<string, unknown> = names ? {} : item;
        for (const [name, from] of names ?? [])
          if (from.startsWith('{')) fields[name] = record.timestamp;
          else if (from in item) fields[name] = item[from];
        passed({ record, index, fields });
      }
    };
}

function filtered(condition: string, rejects: boolean): Steps {
  const expression = compileExpression(condition);
  const holds = ({ fields }: Piece) => {
    try {
      return expression.evaluate(fields) === true;
    } catch {
      return false;
    }
  };
  return (to) => (piece) => {
    if (holds(piece)) to.passed(piece);
    else if (rejects) to.rejected(piece);
  };
}

/** A template: every second part is a name, of a field or of something about the record. */
function filler(template: string): (piece: Piece) => string {
  const parts = template.split(/\{(\w+)\}/);
  return ({ record, index, fields }) => {
    let text = '';
    for (const [at, part] of parts.entries()) {
      if (at % 2 === 0) text += part;
      else if (part in fields) text += String(fields[part]);
      else if (part === 'index') text += index;
      else if (part === 'received') text += record.timestamp;
      else text += String(record[part as keyof SourceRecord]);
    }
    return text;
  };
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
