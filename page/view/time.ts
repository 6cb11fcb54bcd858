/** The wall clock of this browser, Unix ms: only for times that are not compared with the server's. */
export function now(): number {
  return Date.now();
}

/** Calls `action` repeatedly while the page is visible; returns a function that stops it. */
export function every(ms: number, action: () => void): () => void {
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') action();
  }, ms);
  return () => clearInterval(timer);
}

/** Calls `action` once; returns a function that cancels it. */
export function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}
