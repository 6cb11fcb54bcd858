/** How a tape is played in the place of a log, as screens show it. Times are those of the tape, Unix ms. */
export interface ReplayState {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** How many times as fast as it was recorded; `max`: as fast as the topologies read. */
  readonly speed: number | 'max';
  readonly isPaused: boolean;
  /** It was sent to another time, and not all before that is played and read yet. */
  readonly isCatchingUp: boolean;
  /** All of it was played. */
  readonly isOver: boolean;
  /** How often the topologies were started over, to go back. */
  readonly restarts: number;
  /** Why the tape can't go back; left out where it can. */
  readonly forwardOnly?: string;
}

/** How a tape is played: `60x`, or what else it does. */
export function playingText({
  speed,
  isPaused,
  isCatchingUp,
  isOver,
}: Pick<ReplayState, 'speed' | 'isPaused' | 'isCatchingUp' | 'isOver'>): string {
  if (isOver) return 'at its end';
  if (isCatchingUp) return 'catching up';
  return isPaused ? 'paused' : speedText(speed);
}

/** What a person can do with a tape that is played. */
export interface ReplayControl {
  state(): ReplayState;
  pause(isPaused: boolean): void;
  setSpeed(speed: number | 'max'): void;
  /** Pauses, and plays one message. */
  step(): void;
  /** Pauses, and goes back to before the last message that was played. */
  stepBack(): void;
  /**
   * Goes on from another time. Everything before it is played as fast as the topologies read; to go back, they start over with
   * empty stores, and the tape from its beginning. At the speed `max` it is paused there.
   */
  goTo(at: number): void;
}

const speeds: readonly (number | 'max')[] = [1, 2, 5, 10, 30, 60, 300, 'max'];

/** The next speed up or down of those that screens offer. */
export function nextSpeed(speed: number | 'max', by: 1 | -1): number | 'max' {
  const value = (each: number | 'max') => (each === 'max' ? Number.POSITIVE_INFINITY : each);
  const candidates = speeds.filter((each) => (by > 0 ? value(each) > value(speed) : value(each) < value(speed)));
  return (by > 0 ? candidates[0] : candidates.at(-1)) ?? speed;
}

/** `60x`, or `max`. */
export function speedText(speed: number | 'max'): string {
  return speed === 'max' ? 'max' : `${speed}x`;
}

/** The speed that a text means; undefined for another text. */
export function speedOf(text: string): number | 'max' | undefined {
  if (text === 'max') return 'max';
  const [, number] = /^(\d{1,5}(?:\.\d{1,3})?)x$/.exec(text) ?? [];
  return number === undefined || Number(number) === 0 ? undefined : Number(number);
}
