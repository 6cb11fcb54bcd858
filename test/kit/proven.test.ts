import { describe, expect, it } from 'vitest';
import { KafkaError } from '../../connectors/kafka/errors.ts';
import { FdpError, faultOf } from '../../src/errors.ts';
import { Proven } from '../../src/kit/proven.ts';

describe('what has worked', () => {
  it('is never fatal again in this process, and what has not stays so', () => {
    const proven = new Proven();
    const refused = new FdpError('FDP_REFUSED', 'ticks: no login');
    expect(proven.judge('login', refused)).toBe(refused);
    proven.worked('login');
    expect(proven.judge('login', refused)).toMatchObject({
      code: 'FDP_REFUSED',
      fault: 'transient',
      message: 'ticks: no login (it worked before: trying again)',
    });
    expect(proven.judge('writing', refused)).toBe(refused);
    for (const other of [
      new FdpError('FDP_TIMEOUT', 'late'),
      new FdpError('FDP_MESSAGE_REFUSED', 'no'),
      new Error('x'),
    ])
      expect(proven.judge('login', other)).toBe(other);
  });

  it('keeps what an error of a connector carries', () => {
    const proven = new Proven();
    proven.worked('writing');
    const error = new KafkaError('FDP_REFUSED', 'no', { reason: 'TOPIC_AUTHORIZATION_FAILED', unsent: true });
    const judged = proven.judge('writing', error) as KafkaError;
    expect(judged).toBeInstanceOf(KafkaError);
    expect(faultOf(judged)).toBe('transient');
    expect([judged.reason, judged.unsent]).toEqual(['TOPIC_AUTHORIZATION_FAILED', true]);
  });
});
