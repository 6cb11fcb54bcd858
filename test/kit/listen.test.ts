import { describe, expect, it } from 'vitest';
import { claimsClash, listenClaims } from '../../src/kit/listen.ts';

describe('the claims of two servers', () => {
  const clash = (one: string, other: string) => claimsClash(listenClaims(one)[0] ?? '', listenClaims(other)[0] ?? '');

  it.each([
    ['127.0.0.1:80', 'localhost:80', true],
    ['127.0.0.1:80', '0.0.0.0:80', true],
    ['127.0.0.1:80', '[::]:80', true],
    ['[::1]:80', '[::]:80', true],
    ['0.0.0.0:80', '[::]:80', true],
    ['[::1]:80', '0.0.0.0:80', false],
    ['127.0.0.1:80', '127.0.0.2:80', false],
    ['127.0.0.1:80', '0.0.0.0:81', false],
  ])('clash for %s and %s: %s', (one, other, expected) => {
    expect([clash(one, other), clash(other, one)]).toEqual([expected, expected]);
  });

  it('clash for the same file only', () => {
    expect([claimsClash('a', 'a'), claimsClash('a', 'b')]).toEqual([true, false]);
  });
});
