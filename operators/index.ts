import type { OperatorDeclaration } from '../src/engine/component.ts';
import { explode } from './explode.ts';
import { filter } from './filter.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { map } from './map.ts';
import { metadataUpsert } from './metadata-upsert.ts';
import { require } from './require.ts';
import { split } from './split.ts';

/** Every operator that a pipeline file can name, by name. */
export const operators: readonly OperatorDeclaration[] = [
  explode,
  filter,
  idempotencyKey,
  map,
  metadataUpsert,
  require,
  split,
];
