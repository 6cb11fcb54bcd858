import { compileExpression } from '../../../../operators/support/expression.ts';
import type { OperatorPlan } from '../../../engine/plan.ts';

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

/** What operators make of records. */
export interface Pieces {
  readonly passed: readonly Piece[];
  /** Those that `require` rejects. */
  readonly rejected: readonly Piece[];
}

type Step = (pieces: Pieces) => Pieces;

/** Records as pieces; those that are no JSON object are left out. */
export function readable(records: readonly SourceRecord[]): Pieces {
  const passed = records.flatMap((record) =>
    isFields(record.value) ? [{ record, index: 0, fields: record.value }] : [],
  );
  return { passed, rejected: [] };
}

/** What operators make of pieces, by what their documentation says; undefined for a chain with one that is not known here. */
export function piecesOf(pieces: Pieces, operators: readonly OperatorPlan[]): Pieces | undefined {
  const steps = operators.map(stepOf);
  if (steps.includes(undefined)) return undefined;
  return (steps as readonly Step[]).reduce<Pieces>((some, step) => step(some), pieces);
}

function stepOf({ declaration, options }: OperatorPlan): Step | undefined {
  if (declaration.type === 'explode') return exploded(options as ExplodeOptions);
  if (declaration.type === 'filter') return filtered(String(options), false);
  if (declaration.type === 'require') return filtered(String(options), true);
  if (declaration.type === 'idempotency_key') {
    const { as, from } = options as { readonly as: string; readonly from: string };
    return ({ passed, rejected }) => ({
      passed: passed.map((piece) => ({ ...piece, fields: { ...piece.fields, [as]: filledIn(from, piece) } })),
      rejected,
    });
  }
  return undefined;
}

interface ExplodeOptions {
  readonly field: string;
  readonly as?: Readonly<Record<string, string>>;
}

function exploded({ field, as }: ExplodeOptions): Step {
  const names = as && Object.entries(as);
  return ({ passed, rejected }) => ({
    passed: passed.flatMap(({ record, fields: whole }) =>
      (whole[field] as readonly Readonly<Record<string, unknown>>[]).map((item, index) => {
        if (!names) return { record, index, fields: item };
        const fields: Record<string, unknown> = {};
        for (const [name, from] of names)
          if (from.startsWith('{')) fields[name] = record.timestamp;
          else if (from in item) fields[name] = item[from];
        return { record, index, fields };
      }),
    ),
    rejected,
  });
}

function filtered(condition: string, rejects: boolean): Step {
  const expression = compileExpression(condition);
  const holds = ({ fields }: Piece) => {
    try {
      return expression.evaluate(fields) === true;
    } catch {
      return false;
    }
  };
  return ({ passed, rejected }) => {
    const kept: Piece[] = [];
    const refused: Piece[] = [...rejected];
    for (const piece of passed)
      if (holds(piece)) kept.push(piece);
      else if (rejects) refused.push(piece);
    return { passed: kept, rejected: refused };
  };
}

function filledIn(template: string, { record, index, fields }: Piece): string {
  const { partition, offset, timestamp, key, topic } = record;
  const meta: Readonly<Record<string, unknown>> = {
    partition,
    offset,
    timestamp,
    key,
    topic,
    index,
    received: timestamp,
  };
  return template.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    String(name in fields ? fields[name] : meta[name]),
  );
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
