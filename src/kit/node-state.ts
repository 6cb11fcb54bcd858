export type NodeKind = 'source' | 'operator' | 'sink' | 'lookup' | 'dead_letter';

/**
 * `ok` works; `connecting` and `retrying` wait for something that time can cure; `standby` waits for its turn, and is
 * healthy; `held` and `failed` wait for a person.
 */
export type NodeState = 'idle' | 'connecting' | 'standby' | 'ok' | 'retrying' | 'held' | 'failed';
