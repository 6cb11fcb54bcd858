import type { Plan } from '../../engine/plan.ts';
import { errorText, FdpError } from '../../errors.ts';
import { nameFrom } from '../../kit/instance.ts';
import { claimsClash, listenClaims } from '../../kit/listen.ts';
import { addressOf } from '../../kit/units.ts';
import { logLevel } from '../../observe/log.ts';
import { observeSettings } from '../../observe/observe-settings.ts';
import { type Resolution, resolve } from '../../pipeline/give/resolve.ts';
import type { Problem } from '../../pipeline/problem.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { failPointFrom } from '../fail-point.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What reads the variables that belong to the process, not to the pipeline. */
const readers: readonly ((env: Environment) => unknown)[] = [
  ({ LOG_LEVEL }) => logLevel(LOG_LEVEL),
  observeSettings,
  ({ FDP_INSTANCE }) => nameFrom(FDP_INSTANCE),
  ({ FDP_FAIL_POINT }) => failPointFrom(FDP_FAIL_POINT, () => {}),
];

/** Problems of the process's own settings, as a start would report them. */
function settingsProblems(env: Environment): readonly Problem[] {
  return readers.flatMap((read) => {
    try {
      read(env);
      return [];
    } catch (error) {
      if (error instanceof FdpError && error.code === 'FDP_USAGE') return [{ message: errorText(error) }];
      throw error;
    }
  });
}

/** A port of the pipeline that was also configured for the metrics. */
function observeProblems(env: Environment, { connectors }: Plan): readonly Problem[] {
  const { host, port } = observeSettings(env);
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
