import { counter, type Figures, figures } from '../kit/figures.ts';

/** Figures that the engine itself counts, at the nodes of any component. */
export const engineFigures: Figures = {
  dropped: figures.dropped,
  gap: figures.gap,
  rewound: counter('rewound_messages', 'Messages read again because a store lacked what the group had committed.'),
  uncounted: counter('uncounted_messages', 'Messages that were stored but left out of the counters.'),
};
