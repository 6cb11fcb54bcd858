import { type Figures, figures } from '../../../src/kit/figures.ts';

/** What the logs of this machine count. */
export const logFigures = { gap: figures.gap, wal_bytes: figures.wal_bytes } as const satisfies Figures;
