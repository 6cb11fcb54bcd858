import { hostCheck, hostsOf } from '../../src/kit/host.ts';
import { badRequest, type Refusal } from './answer.ts';

/** Why a request is refused by its Host header, as `hostCheck` decides; undefined if it is accepted. */
export function hostRefusal(
  listen: string,
  names: readonly string[],
): (rawHeaders: readonly string[], host: string | undefined) => Refusal | undefined {
  const isOurs = hostCheck(listen, names);
  return (rawHeaders, host) => {
    if (hostsOf(rawHeaders) > 1) return badRequest(400, 'the request has more than one Host header', close);
    if (isOurs(host)) return undefined;
    const text = 'this server does not serve the name in the Host header: add it to `hosts` (API_HOSTS) to serve it';
    return badRequest(421, text);
  };
}

const close = { Connection: 'close' };
