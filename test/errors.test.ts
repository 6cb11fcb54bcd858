import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodes, errorText, FdpError, isRetriable } from '../src/errors.ts';

describe('errors', () => {
  it('are all explained in docs/errors.md, with their usual fault', () => {
    const rows = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(FDP_\w+)` \| (\w+) \|/gm)];
    expect(Object.fromEntries(rows.map(([, code, fault]) => [code, fault]))).toEqual(errorCodes);
  });

  it('are retried by their fault alone', () => {
    expect(isRetriable(new FdpError('FDP_BUSY', 'locked'))).toBe(true);
    expect(isRetriable(new FdpError('FDP_PORT_IN_USE', 'taken'))).toBe(false);
    expect(isRetriable(new FdpError('FDP_PORT_IN_USE', 'still held', { fault: 'transient' }))).toBe(true);
    expect(isRetriable(new Error('unknown'))).toBe(false);
  });

  it('are one line of text', () => {
    expect(errorText(new Error('first\n   second'))).toBe('first second');
    expect(errorText('text')).toBe('text');
  });
});
