// How durations are written on every screen. The page runs in browsers, so nothing of Node is used here.

const lengths = [
  { unit: 'd', seconds: 86_400, from: 48 * 3600 },
  { unit: 'h', seconds: 3600, from: 100 * 60 },
  { unit: 'min', seconds: 60, from: 100 },
  { unit: 's', seconds: 1, from: 0 },
] as const;

/** How long ago, or for how long, in one unit: `12 s`, `4 min`, `3 h`, `2 d`; 99 s and 47 h are not yet the next. */
export function durationText(ms: number): string {
  const whole = Math.floor(Math.max(0, ms) / 1000);
  const { unit, seconds } = lengths.find(({ from }) => whole >= from) ?? lengths[3];
  return `${String(Math.floor(whole / seconds)).replace(/\B(?=(\d{3})+$)/g, ' ')} ${unit}`;
}

/** For how long, in its two largest units: `1 d 2 h`, `3 min 5 s`, `250 ms`. */
export function exactDurationText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.trunc(ms))} ms`;
  const whole = Math.floor(ms / 1000);
  const first = lengths.findIndex(({ seconds }) => whole >= seconds);
  return lengths
    .slice(first, first + 2)
    .map(({ unit, seconds }, index) => ({
      unit,
      count: Math.floor((index === 0 ? whole : whole % (lengths[first]?.seconds ?? 1)) / seconds),
    }))
    .filter(({ count }) => count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(' ');
}

/** How long a process runs, or since when it is silent: `4 s`, `7 min`, `3 h 5 min`, `4 d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}
