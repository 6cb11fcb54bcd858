import { counter, type Figures, figures, gauge } from '../../../src/kit/figures.ts';

/** What a sink with a disk buffer counts. */
export const bufferFigures = {
  buffered: gauge('buffered_messages', 'Messages that wait in the disk buffer.'),
  dropped: figures.dropped,
  uncertain: counter(
    'repeated_messages',
    'Messages of a buffer that a process left behind: the log may have them already.',
  ),
} as const satisfies Figures;
