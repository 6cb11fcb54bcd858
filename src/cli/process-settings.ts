import type { Plan } from '../engine/plan.ts';
import { errorText, FdpError } from '../errors.ts';
import { nameFrom } from '../kit/instance.ts';
import { claimsClash, listenClaims } from '../kit/listen.ts';
import { addressOf } from '../kit/units.ts';
import { logLevel } from '../observe/log.ts';
import { observePort } from '../observe/observe-server.ts';
import { type Resolution, resolve } from '../pipeline/give/resolve.ts';
import type { Problem } from '../pipeline/problem.ts';
import type { Spec } from '../pipeline/spec.ts';
import { failPointFrom } from './fail-point.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Every variable that belongs to the process, not to the pipeline, with what reads it. */
const readers: Readonly<Record<string, (text: string | undefined) => unknown>> = {
  LOG_LEVEL: logLevel,
  OBSERVE_PORT: observePort,
  FDP_INSTANCE: nameFrom,
  FDP_FAIL_POINT: (text) => failPointFrom(text, () => {}),
};

/** Problems of the process's own settings, as a start would report them. */
function settingsProblems(env: Environment): readonly Problem[] {
  return Object.entries(readers).flatMap(([name, read]) => {
    try {
      read(env[name]);
      return [];
    } catch (error) {
      if (error instanceof FdpError && error.code === 'FDP_USAGE') return [{ message: errorText(error) }];
      throw error;
    }
  });
}

/** A port of the pipeline that was also configured for the metrics. */
function observeProblems({ OBSERVE_HOST, OBSERVE_PORT }: Environment, { connectors }: Plan): readonly Problem[] {
  const port = observePort(OBSERVE_PORT);
  const host = OBSERVE_HOST || '127.0.0.1';
  const claims = port === undefined ? [] : listenClaims(addressOf(host, port));
  return [...connectors.values()].flatMap(({ name, declaration, options }) => {
    const claim = declaration.claims?.(options).find((each) => claims.some((own) => claimsClash(own, each)));
    return claim === undefined ? [] : [{ message: `OBSERVE_PORT: claims ${claim}, as does "${name}"` }];
  });
}

/** The plan of a process, or all problems that prevent its start: in the environment and in the pipeline. */
export function resolveProcess(spec: Spec, options: Parameters<typeof resolve>[1]): Resolution {
  const resolution = resolve(spec, options);
  const env = spec.variables.all;
  const problems = [...settingsProblems(env), ...resolution.problems];
  if (problems.length === 0 && resolution.plan) problems.push(...observeProblems(env, resolution.plan));
  return problems.length === 0 ? resolution : { plan: undefined, problems };
}
