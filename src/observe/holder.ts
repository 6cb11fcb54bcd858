import { get } from 'node:http';
import { endedWithin, linkedAbort, systemClock } from '../kit/clock.ts';
import { parseJson } from '../kit/json.ts';
import { reachable } from '../kit/listen.ts';
import { addressOf } from '../kit/units.ts';

/** How long the one that has the port may take to say who it is, ms. */
const answerMs = 500;
const longestAnswer = 4096;

/** Who has a port on which metrics and health were to be served: a process of fdp says so itself. */
export async function holderOf(host: string, port: number): Promise<string> {
  const { controller } = linkedAbort();
  const answer = askLive(host, port, controller.signal);
  const isInTime = await endedWithin(systemClock, answerMs, answer);
  controller.abort();
  const { instance, pid } = isInTime ? await answer : {};
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(String(instance)) || !Number.isSafeInteger(pid)) return 'another program';
  return `another fdp-run (${instance}, pid ${pid})`;
}

/** What it says of itself; nothing when it is no process of fdp. Never rejects. */
async function askLive(host: string, port: number, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const shown = reachable(addressOf(host, port));
  return new Promise((resolve) => {
    const none = () => resolve({});
    const url = `http://${shown.host}:${shown.port}/health/live`;
    const request = get(url, { signal, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('error', none);
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > longestAnswer) request.destroy();
      });
      response.on('close', () => resolve(parsed(text)));
    });
    request.on('error', none);
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
