import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { simulated } from '../support/cli/simulations.ts';

/** Long enough for threads. */
const hours = '0.15';
const topologies = ['ingestor', 'candles', 'analytics', 'api'];

describe('a long simulation', () => {
  it('comes to the same, digest and all, with topologies side by side as with one after the other', async () => {
    const args = ['bin/fdp-run.js', '--topology', topologies.join(','), 'simulate', '--hours', hours, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const { text: expected } = await simulated({ hours, json: true }, { topologies });
    expect(JSON.parse(printed)).toEqual(JSON.parse(expected));
  });
});
