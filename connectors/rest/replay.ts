import type { Request, Response } from 'express';
import { type ReplayControl, speedOf } from '../../src/kit/replay.ts';
import { badRequest, type Refusal } from './answer.ts';
import type { Endpoint } from './application.ts';

/** Where a tape that is played is controlled. */
export const replayPath = '/api/v1/replay';
/** Browsers send it across origins only where a preflight allows it, and none does. */
const header = 'x-fdp-replay';

const loopback = /^(127\.|::1$|::ffff:127\.)/;

/**
 * While a tape is played: GET is where it is; POST changes it, from this machine alone, with any header `X-FDP-Replay`: `?pause=true`,
 * `?speed=60x`, `?step=true`, `?step=back`, `?to=UNIX_MS`. None of it exists otherwise.
 */
export function replayEndpoints(replay: ReplayControl | undefined): readonly Endpoint[] {
  if (!replay) return [];
  const answer = (_request: Request, response: Response): undefined => {
    response.set('Cache-Control', 'no-store').json({ data: replay.state(), error: null, message: null });
  };
  const change = (request: Request, response: Response): Refusal | undefined => {
    // Behind a trusted proxy of this machine the client is not that proxy.
    if (!loopback.test(request.ip ?? '')) return forbidden('a tape is controlled from its own machine only');
    if (request.headers[header] === undefined) return forbidden(`expected the header ${header}`);
    const { origin, host } = request.headers;
    if (origin !== undefined && !isOf(origin, host))
      return forbidden('a tape is not controlled by pages of other origins');
    const refusal = changed(replay, new URL(request.url, 'http://localhost').searchParams);
    return refusal ?? answer(request, response);
  };
  return [{ path: replayPath, answer, change }];
}

/** Whether an origin is the one of the request. */
function isOf(origin: string, host = ''): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function forbidden(text: string): Refusal {
  return { status: 403, code: 'FDP_FORBIDDEN', text };
}

function changed(replay: ReplayControl, given: URLSearchParams): Refusal | undefined {
  const { at, from, to, forwardOnly } = replay.state();
  const changes: readonly (readonly [name: string, change: (text: string) => boolean])[] = [
    ['pause', (text) => isFlag(text) && done(() => replay.pause(text === 'true'))],
    ['speed', (text) => speedOf(text) !== undefined && done(() => replay.setSpeed(speedOf(text) ?? 1))],
    ['step', (text) => isStep(text) && done(() => (text === 'back' ? replay.stepBack() : replay.step()))],
    ['to', (text) => isWithin(Number(text), from, to) && done(() => replay.goTo(Number(text)))],
  ];
  const asked = changes.filter(([name]) => given.has(name));
  if (asked.length === 0) return badRequest(400, `expected one of ${changes.map(([name]) => name).join(', ')}`);
  const isBack = given.get('step') === 'back' || Number(given.get('to') ?? at) < at;
  if (isBack && forwardOnly !== undefined) return badRequest(400, forwardOnly);
  const wrong = asked.find(([name, change]) => !change(given.get(name) ?? ''));
  return wrong && badRequest(400, `${wrong[0]}: not understood`);
}

function isFlag(text: string): boolean {
  return text === 'true' || text === 'false';
}

function isStep(text: string): boolean {
  return text === 'true' || text === 'back';
}

function isWithin(at: number, from: number, to: number): boolean {
  return Number.isSafeInteger(at) && at >= from && at <= to;
}

function done(change: () => void): true {
  change();
  return true;
}
