import { nearest } from '../../src/kit/names.ts';
import { readAddress } from './address.ts';

/** A mistake in a connection string, without parts that may be secret. */
export interface UrlProblem {
  readonly text: string;
  readonly hint?: string;
}

const encode =
  'percent-encode what is special in user and password: @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25';
/** Options of a connection string, as MongoDB's manual lists them and the driver takes them. */
const known = [
  ...['replicaSet', 'directConnection', 'loadBalanced', 'appName', 'retryReads', 'retryWrites', 'compressors'],
  ...['zlibCompressionLevel', 'tls', 'ssl', 'tlsCertificateKeyFile', 'tlsCertificateKeyFilePassword', 'tlsCAFile'],
  ...['tlsCRLFile', 'tlsAllowInvalidCertificates', 'tlsAllowInvalidHostnames', 'tlsInsecure', 'authSource'],
  ...['authMechanism', 'authMechanismProperties', 'w', 'wtimeoutMS', 'wtimeout', 'journal', 'readConcernLevel'],
  ...['readPreference', 'readPreferenceTags', 'maxStalenessSeconds', 'connectTimeoutMS', 'socketTimeoutMS'],
  ...['timeoutMS', 'serverSelectionTimeoutMS', 'localThresholdMS', 'heartbeatFrequencyMS', 'serverMonitoringMode'],
  ...['maxPoolSize', 'minPoolSize', 'maxConnecting', 'maxIdleTimeMS', 'waitQueueTimeoutMS', 'srvMaxHosts'],
  ...['srvServiceName', 'proxyHost', 'proxyPort', 'proxyUsername', 'proxyPassword'],
];
const knownInLowerCase = new Set(known.map((name) => name.toLowerCase()));
const booleans = ['directconnection', 'tls', 'ssl', 'retrywrites', 'retryreads', 'loadbalanced'];

/** Why the driver would refuse a connection string; undefined if it would not. */
export function urlProblem(url: string): UrlProblem | undefined {
  const { hosts, userInfo, options } = readAddress(url);
  return userProblem(userInfo) ?? hostsProblem(hosts, url.startsWith('mongodb+srv:')) ?? optionsProblem(options, hosts);
}

function userProblem(userInfo: string | undefined): UrlProblem | undefined {
  if (userInfo === undefined) return undefined;
  const [user = '', ...rest] = userInfo.split(':');
  if (user === '') return { text: 'the url has no user before the password', hint: encode };
  if (rest.length > 1 || /[/?#@[\]]/.test(userInfo) || /%(?![0-9a-f]{2})/i.test(userInfo))
    return { text: 'user or password in the url hold a character that must be percent-encoded', hint: encode };
  return undefined;
}

function hostsProblem(hosts: string, isService: boolean): UrlProblem | undefined {
  const all = hosts.split(',');
  if (all.some((host) => host.trim() === '')) return { text: 'the url names no host', hint: 'mongodb://HOST:PORT' };
  if (isService && (all.length > 1 || /:\d+$/.test(hosts)))
    return {
      text: 'a mongodb+srv url names one host, without a port',
      hint: 'several hosts stand in a mongodb:// url',
    };
  // The text may be a part of a password: it is not shown.
  return all.every(isHost)
    ? undefined
    : { text: 'expected HOST or HOST:PORT in the url', hint: 'ports are 1 to 65535' };
}

function isHost(host: string): boolean {
  if (/^[^\s:]+\.sock$/i.test(host)) return true;
  const port = /^(?:\[[0-9a-f:.]+\]|[^\s:/?#[\]@]+)(?::(\d{1,5}))?$/i.exec(host);
  return port !== null && (port[1] === undefined || (Number(port[1]) >= 1 && Number(port[1]) <= 65_535));
}

/** A name that is not similar to any option may be a part of a password: it is not shown. */
function unknownOption(name: string): UrlProblem {
  const near = nearest(name, known);
  return near === undefined
    ? { text: 'the url has an option that MongoDB does not know', hint: `known are ${known.join(', ')}; or ${encode}` }
    : { text: `the url has an option "${name}", which MongoDB does not know`, hint: `did you mean "${near}"?` };
}

function optionsProblem(options: ReadonlyMap<string, string>, hosts: string): UrlProblem | undefined {
  for (const [name, value] of options) {
    if (!knownInLowerCase.has(name.toLowerCase())) return unknownOption(name);
    if (value === '') return { text: `the option ${name} of the url has no value`, hint: `${name}=VALUE` };
    if (booleans.includes(name.toLowerCase()) && value !== 'true' && value !== 'false')
      return { text: `the option ${name} of the url is true or false` };
  }
  const given = new Map([...options].map(([name, value]) => [name.toLowerCase(), value]));
  if (given.get('directconnection') === 'true' && hosts.includes(','))
    return { text: 'directConnection goes with one host', hint: 'leave it out, or name one host' };
  if (given.has('tls') && given.has('ssl') && given.get('tls') !== given.get('ssl'))
    return { text: 'tls and ssl of the url contradict each other', hint: 'leave ssl out' };
  return undefined;
}
