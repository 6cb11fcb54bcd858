import type { OperatorDeclaration } from '../src/kit/declaration.ts';
import { aggregate } from './aggregate.ts';
import { bars } from './bars.ts';
import { candles } from './candles.ts';
import { dedupe } from './dedupe.ts';
import { eligibility } from './eligibility.ts';
import { explode } from './explode.ts';
import { filter } from './filter.ts';
import { find } from './find.ts';
import { gaps } from './gaps.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { map } from './map.ts';
import { metadataUpsert } from './metadata-upsert.ts';
import { params } from './params.ts';
import { reply } from './reply.ts';
import { require } from './require.ts';
import { rolling } from './rolling.ts';
import { split } from './split.ts';
import { vwap } from './vwap.ts';

/** Every operator that a pipeline file can name, by name. */
export const operators: readonly OperatorDeclaration[] = [
  aggregate,
  bars,
  candles,
  dedupe,
  eligibility,
  explode,
  filter,
  find,
  gaps,
  idempotencyKey,
  map,
  metadataUpsert,
  params,
  reply,
  require,
  rolling,
  split,
  vwap,
];
