/** The wall clock of this browser, Unix ms: only for what is not compared with the server's. */
export function now(): number {
  return Date.now();
}

/** Calls `action` again and again while the page is seen; gives what ends it. */
export function every(ms: number, action: () => void): () => void {
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') action();
  }, ms);
  return () => clearInterval(timer);
}

/** Calls `action` once; gives what prevents it. */
export function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}
