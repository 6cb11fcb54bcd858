import { type ErrorCode, errorText, type Fault, FdpError, type FdpErrorOptions } from '../../src/errors.ts';
import { foreignText } from '../../src/kit/text.ts';

interface KafkaErrorOptions extends FdpErrorOptions {
  readonly reason: string | undefined;
  readonly unsent?: boolean;
}

/** An error of Kafka or of its client, classified. */
export class KafkaError extends FdpError {
  /** Kafka's name of it (`NOT_LEADER_FOR_PARTITION`), or the system's (`ECONNREFUSED`). */
  readonly reason: string | undefined;
  /** The request never reached the brokers: it had no effect. */
  readonly unsent: boolean;

  constructor(code: ErrorCode, message: string, more: KafkaErrorOptions) {
    const { reason, unsent = false, ...options } = more;
    super(code, message, options);
    this.reason = reason;
    this.unsent = unsent;
  }

  override withFault(fault: Fault, message = this.message): KafkaError {
    const { code, reason, unsent, cause } = this;
    return new KafkaError(code, message, { reason, unsent, fault, cause });
  }
}

const login = 'check `sasl.mechanism`, `sasl.username` and `sasl.password`';
/** Errors that a person must fix, and how. */
const refusals: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: login,
  KafkaJSSASLAuthenticationError: login,
  UNSUPPORTED_SASL_MECHANISM: 'the brokers do not offer this `sasl.mechanism`',
  ILLEGAL_SASL_STATE: 'the brokers do not expect a login on this port: leave out `sasl`, or use the port for SASL',
  TOPIC_AUTHORIZATION_FAILED: 'grant the user the permissions to describe, read and write the topic',
  GROUP_AUTHORIZATION_FAILED: 'grant the user the permission to read with this group',
  CLUSTER_AUTHORIZATION_FAILED: 'grant the user the permissions to create topics and to write idempotently',
  INVALID_TOPIC_EXCEPTION: 'a topic has letters, digits, `.`, `_` and `-`, at most 249 of them',
  INVALID_CONFIG: 'check `topic_config`',
  POLICY_VIOLATION:
    'the brokers have a policy for topics: create the topic by hand, or change its settings in the pipeline',
  INVALID_SESSION_TIMEOUT: "the brokers' group.min.session.timeout.ms must be at most 10000",
  KafkaJSServerDoesNotSupportApiKey: 'Kafka 2.3 or newer is needed',
};
/** Errors that may pass, and what a person can do meanwhile. */
const hints: Readonly<Record<string, string>> = {
  INCONSISTENT_GROUP_PROTOCOL:
    'another program is a member of this group: stop it (if it was killed, its session expires within a minute); with ' +
    'another `group` the log would be read again from `from`',
};
const certificates = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_|ERR_SSL_|ERR_OSSL|EPROTO|HOSTNAME_MISMATCH)/;

interface Foreign {
  readonly name?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  /** Host and port that a connection was for. */
  readonly broker?: unknown;
  /** Of an error that holds several. */
  readonly errors?: readonly unknown[];
}

/**
 * Classifies an error of the client. FDP_REFUSED (fatal) with what to set, if a person must fix it;
 * FDP_CONNECTION_LOST (transient) for everything else: networks, elections, restarts.
 *
 * @param given the brokers of the option: other addresses are advertised by the brokers
 */
export function kafkaError(name: string, doing: string, thrown: unknown, given: readonly string[] = []): FdpError {
  if (thrown instanceof FdpError) return thrown;
  const names = namesOf(thrown);
  const text = `${name}: ${doing}: ${errorText(thrown)}`;
  const refused = names.find((each) => each in refusals);
  const reason = refused ?? names.find((each) => /^[A-Z][A-Z_]+$/.test(each)) ?? names[0];
  const options = { reason, cause: thrown };
  if (refused) return new KafkaError('FDP_REFUSED', `${text}: ${refusals[refused]}`, options);
  const certificate = names.find((each) => certificates.test(each));
  if (certificate) {
    const advice = 'check `tls` (`ca`, `cert`, `key`, `server_name`) and that the port speaks TLS';
    return new KafkaError('FDP_REFUSED', `${text} (${certificate}): ${advice}`, options);
  }
  const plain = text.includes('before secure TLS connection') ? ' (does the port speak TLS?)' : '';
  const hint = reason !== undefined && reason in hints ? `: ${hints[reason]}` : plain;
  return new KafkaError('FDP_CONNECTION_LOST', text + hint + advertised(thrown, given), options);
}

/** Adds to an address that is not in the pipeline where it comes from. */
function advertised(thrown: unknown, given: readonly string[]): string {
  const { broker } = chainOf(thrown).find((error) => typeof error.broker === 'string') ?? {};
  if (typeof broker !== 'string' || given.length === 0 || given.includes(broker)) return '';
  return (
    `: ${foreignText(broker, 100)} is the broker's own name (advertised.listeners): ` +
    'it must be one that this machine can resolve and reach'
  );
}

/** An error and its causes. */
function chainOf(thrown: unknown): Foreign[] {
  const chain: Foreign[] = [];
  for (let error = thrown as Foreign | undefined; error && chain.length < 6; ) {
    chain.push(error);
    error = (error.cause ?? error.errors?.[0]) as Foreign | undefined;
  }
  return chain;
}

/** All names and codes of an error and its causes, the most specific first. */
function namesOf(thrown: unknown): string[] {
  const names: string[] = [];
  for (const { name, type, code } of chainOf(thrown))
    for (const each of [type, typeof code === 'string' ? code : undefined, name])
      if (each !== undefined && !names.includes(each)) names.push(each);
  return names;
}

/** Kafka's name of an error that `kafkaError` made. */
export function reasonOf(error: unknown): string | undefined {
  return error instanceof KafkaError ? error.reason : undefined;
}

/** Marks an error that occurred before the request was sent. */
export function unsent(error: FdpError): KafkaError {
  const { code, message, fault, cause } = error;
  return new KafkaError(code, message, { reason: reasonOf(error), unsent: true, fault, cause });
}

/** True when the request never reached the brokers. */
export function isUnsent(error: unknown): boolean {
  return error instanceof KafkaError && error.unsent;
}
