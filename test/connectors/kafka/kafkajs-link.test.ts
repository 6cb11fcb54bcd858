import { describe, expect, it } from 'vitest';
import { loadKafkajs } from '../../../connectors/kafka/kafkajs-internals.ts';
import { Link, versionProblem } from '../../../connectors/kafka/kafkajs-link.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { Proven } from '../../../src/kit/proven.ts';
import { recordingLog } from '../../../src/testing/environment.ts';
import { freePort } from '../../support/cli/platform.ts';

const { spoken } = loadKafkajs();
/** What brokers offer of each API. */
const offered = (more: Readonly<Record<number, { minVersion: number; maxVersion: number }>> = {}) => ({
  ...Object.fromEntries([...spoken].map(([key, { version }]) => [key, { minVersion: 0, maxVersion: version + 3 }])),
  ...more,
});

describe('kafka brokers of other ages', () => {
  it('are distinguished before anything is sent that they would not understand', () => {
    expect(versionProblem(offered(), spoken)).toBeUndefined();
    expect(versionProblem(offered({ 0: { minVersion: 8, maxVersion: 20 } }), spoken)).toBe(
      'the brokers are too new for this version of fdp: it supports Produce 7, they support versions 8 to 20',
    );
    expect(versionProblem(offered({ 1: { minVersion: 0, maxVersion: 10 } }), spoken)).toBe(
      'the brokers are too old for this version of fdp: it supports Fetch 11, they support versions 0 to 10',
    );
    expect(versionProblem({}, spoken)).toContain(
      'too old for this version of fdp: it supports Produce 7, they support none',
    );
  });
});

describe('the connections of kafka', () => {
  it('fail at once if no server listens, and stay closed once they are', async () => {
    const broker = `127.0.0.1:${await freePort()}`;
    const log = recordingLog();
    const proven = new Proven();
    const options = {
      name: 'ticks',
      topic: 'topic',
      brokers: [broker],
      clientId: 'fdp',
      clock: systemClock,
      log,
      proven,
    };
    const link = new Link(options);
    await expect(link.cluster()).rejects.toThrow('ECONNREFUSED');
    await link.close();
    await expect(link.cluster()).rejects.toMatchObject({ code: 'FDP_CLOSED' });
    expect(log.lines.every(({ level }) => level === 'debug')).toBe(true);
  });
});
