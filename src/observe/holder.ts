import { get } from 'node:http';
import { endedWithin, linkedAbort, systemClock } from '../kit/clock.ts';
import { parseJson } from '../kit/json.ts';
import { reachable } from '../kit/listen.ts';
import { addressOf } from '../kit/units.ts';

/** How long the holder of the port may take to identify itself, ms. */
const answerMs = 500;
const longestAnswer = 4096;

/** Who holds a port that metrics and health were to be served on: asks the process, if it is fdp's. */
export async function holderOf(host: string, port: number): Promise<string> {
  const { controller } = linkedAbort();
  const answer = askLive(host, port, controller.signal);
  const isInTime = await endedWithin(systemClock, answerMs, answer);
  controller.abort();
  const { instance, pid } = isInTime ? await answer : {};
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(String(instance)) || !Number.isSafeInteger(pid)) return 'another program';
  return `another fdp (${instance}, pid ${pid})`;
}

/** How it identifies itself; undefined if it is not a process of fdp. Never rejects. */
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
