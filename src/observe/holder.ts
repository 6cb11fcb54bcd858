import { get, type RequestOptions } from 'node:http';
import { get as getTls } from 'node:https';
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
  const { signal } = controller;
  // Nobody is trusted with anything: it only says its name, so that no certificate is checked.
  const answers = [get, getTls].map((ask) => askLive(ask, { host, port, signal, rejectUnauthorized: false }));
  const answer = firstName(answers);
  const isInTime = await endedWithin(systemClock, answerMs, answer);
  controller.abort();
  const { instance, pid } = isInTime ? await answer : {};
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(String(instance)) || !Number.isSafeInteger(pid)) return 'another program';
  return `another fdp (${instance}, pid ${pid})`;
}

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly rejectUnauthorized: false;
}

type Fields = Readonly<Record<string, unknown>>;

/** The first that has fields, or none. */
async function firstName(answers: readonly Promise<Fields>[]): Promise<Fields> {
  const named = answers.map(async (answer) => {
    const fields = await answer;
    if (Object.keys(fields).length === 0) throw new Error('no name');
    return fields;
  });
  return Promise.any(named).catch(() => ({}));
}

/** How it identifies itself; nothing if it is not a process of fdp. Never rejects. */
async function askLive(ask: typeof get | typeof getTls, { host, port, ...more }: Asked): Promise<Fields> {
  const shown = reachable(addressOf(host, port));
  return new Promise((resolve) => {
    const none = () => resolve({});
    const plainHost = shown.host.replace(/^\[(.*)\]$/, '$1');
    const options: RequestOptions = { host: plainHost, port: shown.port, path: '/health/live', agent: false, ...more };
    const request = ask(options, (response) => {
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

function parsed(text: string): Fields {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}
