import { resolve } from 'node:path';
import { FdpError } from '../errors.ts';
import { isLoopback, missingProtection } from '../kit/exposure.ts';
import type { TlsFiles } from '../kit/tls-files.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** How metrics and health are served; undefined: not set. */
export interface ObserveSettings {
  readonly host: string;
  readonly port: number | undefined;
  /** Absolute paths. */
  readonly tls: TlsFiles | undefined;
  /** The file of the keys that may read metrics; undefined: everybody may. */
  readonly keys: string | undefined;
}

const highestPort = 65_535;
/** The variable that names each file of TLS. */
export const tlsVariables = { cert: 'OBSERVE_TLS_CERT', key: 'OBSERVE_TLS_KEY' } as const;

/**
 * Reads OBSERVE_HOST, OBSERVE_PORT, OBSERVE_TLS_CERT, OBSERVE_TLS_KEY and OBSERVE_KEYS, and FDP_INSECURE. Paths are relative to the working directory.
 * @throws FDP_USAGE for values that can't be understood, and for an OBSERVE_HOST that other machines can reach without keys or
 *   TLS, unless FDP_INSECURE is true
 */
export function observeSettings(env: Variables): ObserveSettings {
  const { OBSERVE_HOST: host, OBSERVE_PORT: port, OBSERVE_KEYS: keys } = env;
  const settings = {
    ...{ host: host || '127.0.0.1', port: observePort(port), tls: observeTls(env) },
    keys: keys ? resolve(keys) : undefined,
  };
  checkExposure(settings, env);
  return settings;
}

function checkExposure({ host, keys, tls }: ObserveSettings, { FDP_INSECURE: insecure }: Variables): void {
  const missing = missingProtection({ keys: keys !== undefined, tls: tls !== undefined });
  if (insecure === 'true' || missing === undefined || isLoopback(host)) return;
  const cure = 'set OBSERVE_KEYS, OBSERVE_TLS_CERT and OBSERVE_TLS_KEY; FDP_INSECURE=true leaves it open';
  throw new FdpError(
    'FDP_USAGE',
    `OBSERVE_HOST: ${host} lets other machines reach metrics and health, without ${missing}: ${cure}`,
  );
}

function observeTls(env: Variables): TlsFiles | undefined {
  const [cert, key] = [env[tlsVariables.cert], env[tlsVariables.key]];
  if (!cert && !key) return undefined;
  if (cert && key) return { cert: resolve(cert), key: resolve(key) };
  const [given, missing] = cert ? [tlsVariables.cert, tlsVariables.key] : [tlsVariables.key, tlsVariables.cert];
  throw new FdpError('FDP_USAGE', `${given}: is set without ${missing}: set both, the certificate and its key, PEM`);
}

/** The port that OBSERVE_PORT names; undefined when it is unset or empty. */
function observePort(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= highestPort) return port;
  throw new FdpError('FDP_USAGE', `OBSERVE_PORT: expected a port, 0 to 65535 (0: any free one), got "${text}"`);
}
