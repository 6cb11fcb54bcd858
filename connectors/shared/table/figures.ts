import { counter, type Figures, figures } from '../../../src/kit/figures.ts';

/** What tables count. */
export const tableFigures = {
  removed: counter('removed_rows', 'Rows removed because of keep or max_size.'),
  wal_bytes: figures.wal_bytes,
} as const satisfies Figures;
