/** Secrets that can be told from everything else. */
export const planted = {
  finnhub: 'planted-finnhub-7f3ac1',
  kafka: 'planted-kafka-7f3ac2',
  mongodb: 'planted-mongodb-7f3ac3',
  exchange: 'planted-exchange-7f3ac4',
  variable: 'planted-variable-7f3ac5',
};

/** A variable, as a pipeline has it. */
export const variable = (text: string): string => ['$', `{${text}}`].join('');

/** Where everything is: paths and ports. */
interface Places {
  readonly keys: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly http: number;
  readonly feed: number;
  readonly exchange: number;
  readonly servers: Servers;
}

/** Where the servers are that a secret is for: an address each. */
export interface Servers {
  readonly finnhub: string;
  readonly kafka: string;
  readonly mongodb: string;
}

/** One port in place of all servers. */
export const allAt = (port: number): Servers => {
  const address = `127.0.0.1:${port}`;
  return { finnhub: address, kafka: address, mongodb: address };
};

/** A pipeline with a secret wherever one can stand: from the environment, a file, .env, a default, or in plain text. */
export function plantedPipeline({ keys, cert, key, ca, http, feed, exchange, servers }: Places): string {
  const secured = `keys: { file: ${keys} }, tls: { cert: ${cert}, key: ${key} }`;
  return `name: planted
settings: { dead_letter: rejected, status: status, shutdown: 1s }
connectors:
  rejected: { type: sqlite_log, path: log.db, topic: rejected }
  status: { type: sqlite_table, path: store.db, table: status, unique: process, fields: { process: string, at: date, snapshot: string } }
  mock: { type: mock, symbols: [AAPL], rate: 20/s }
  exchange: { type: websocket_server, listen: "127.0.0.1:${exchange}", token: "${variable('EXCHANGE_TOKEN')}" }
  finnhub: { type: finnhub, url: "ws://${servers.finnhub}", token: "${variable('FINNHUB_TOKEN')}", symbols: [AAPL] }
  kafka:
    type: kafka
    brokers: "${servers.kafka}"
    topic: ticks
    sasl: { mechanism: plain, username: fdp, password: "${variable(`KAFKA_PASSWORD:-${planted.kafka}`)}" }
  mongodb:
    type: mongodb
    url: "mongodb://fdp:${planted.mongodb}@${servers.mongodb}/"
    database: planted
    collection: rows
    fields: { symbol: string, time: date }
    unique: symbol
    indexes: [[symbol, time]]
  http: { type: rest, listen: "127.0.0.1:${http}", ui: true, ${secured} }
  feed: { type: tcp, listen: "127.0.0.1:${feed}", ${secured} }
  reader: { type: tcp, connect: "127.0.0.1:${feed}", token: "${variable('FEED_TOKEN')}", tls: { ca: ${ca} } }
topologies:
  market: { source: finnhub, sink: kafka }
  simulator: { source: mock, sink: exchange }
  broadcast: { source: mock, sink: feed }
  store:
    source: reader
    operators:
      - require: 'type == "nothing"'
    sink: mongodb
  api:
    source: http
    routes:
      GET /hello:
        - map: { text: '"hello"' }
        - reply: { one: true }
`;
}

/** Mistakes beside each secret: what is right, and what is wrong. */
export const mistakes: readonly (readonly [right: string, wrong: string])[] = [
  [`password: "${variable(`KAFKA_PASSWORD:-${planted.kafka}`)}"`, `password: [${planted.kafka}]`],
  [`token: "${variable('EXCHANGE_TOKEN')}"`, `token: { is: ${planted.exchange} }`],
  [`mongodb://fdp:${planted.mongodb}@`, `mongodb:/fdp:${planted.mongodb}@`],
  [`url: "mongodb://fdp:${planted.mongodb}@127.0.0.1:`, `url: "mongodb://fdp:${planted.mongodb}@:`],
  [`token: "${variable('FINNHUB_TOKEN')}"`, `token: "${variable('FINNHUB_TOKEN')}`],
  [`token: "${variable('EXCHANGE_TOKEN')}"`, `tokens: "${planted.exchange}"`],
  ['mechanism: plain', 'mechanism: none'],
];

/** The names of the secrets that a text has, also encoded for a URL or with Base64, at whatever place of other bytes. */
export function secretsFound(text: string, secrets: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );
}

function formsOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.from(`${'\0'.repeat(shift)}${secret}`).toString('base64');
    // Without what its neighbours have a part in.
    const own = encoded.slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + secret.length) * 4) / 3));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, encodeURIComponent(secret), ...shifted];
}
