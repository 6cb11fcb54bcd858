import type { ChannelDescription, MessageDescription } from '../../src/kit/channel.ts';
import { eventMessages } from './event-schemas.ts';

interface EventAddress {
  readonly protocol: 'http' | 'https';
  /** Host and port. */
  readonly host: string;
  readonly hasKeys: boolean;
}

interface AsyncApiParts {
  /** The version of fdp. */
  readonly version: string;
  readonly channels: readonly ChannelDescription[];
  /** Where the live page's stream is; undefined where it is not served. */
  readonly events: EventAddress | undefined;
}

const description = [
  'What fdp sends without being asked for: the records of its topics, the lines of its feed over TCP, and the events of its live',
  'page. What can be asked for is in `/openapi.json`.',
].join(' ');

/** The AsyncAPI 3.0 document of what a pipeline sends, from the view of the pipeline: its operations send. */
export function asyncApi({ version, channels, events }: AsyncApiParts): object {
  const all = events === undefined ? channels : [...channels, eventChannel(events)];
  const messages = all.flatMap((channel) =>
    channel.messages.map((each) => [idOf(channel, each), message(each, channel)]),
  );
  return {
    asyncapi: '3.0.0',
    info: { title: 'fdp', version, description },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(all.map((channel) => [channel.name, server(channel)])),
    channels: Object.fromEntries(all.map((channel) => [channel.name, channelOf(channel)])),
    operations: Object.fromEntries(all.map((channel) => [`send_${channel.name}`, operation(channel)])),
    components: { messages: Object.fromEntries(messages) },
  };
}

function eventChannel(at: EventAddress): ChannelDescription {
  return {
    ...{ name: 'events', type: 'rest', ...at, address: '/api/v1/stream', messages: eventMessages },
    description: 'Server-Sent Events for the live page: prices as they change, and the state of all processes.',
  };
}

/** Addresses that are not for everybody are not in the document. */
function server({ name, type, protocol, host, hasKeys }: ChannelDescription): object {
  if (host !== undefined)
    return { host, protocol, ...(hasKeys && { security: [isHttp(protocol) ? bearer : firstLine] }) };
  const address = { description: `What the connector ${name} (${type}) of the pipeline has as its address.` };
  return { host: '{address}', protocol, variables: { address } };
}

/** How clients of each protocol send their key. */
const bearer = { type: 'http', scheme: 'bearer' };
const firstLine = {
  ...{ type: 'apiKey', in: 'password' },
  description: 'A key with the scope `stream`, in the first line that the client sends, within 5 s: {"token":"KEY"}',
};

function isHttp(protocol: string): boolean {
  return protocol === 'http' || protocol === 'https';
}

function channelOf(channel: ChannelDescription): object {
  const messages = channel.messages.map((each) => [
    each.name,
    { $ref: `#/components/messages/${idOf(channel, each)}` },
  ]);
  return {
    address: channel.address,
    title: channel.name,
    description: channel.description,
    servers: [{ $ref: `#/servers/${channel.name}` }],
    messages: Object.fromEntries(messages),
    ...(isKafka(channel) && { bindings: { kafka: kafkaTopic(channel) } }),
  };
}

function operation({ name, description: summary, messages }: ChannelDescription): object {
  return {
    action: 'send',
    summary,
    channel: { $ref: `#/channels/${name}` },
    messages: messages.map((each) => ({ $ref: `#/channels/${name}/messages/${each.name}` })),
  };
}

function message({ name, summary, schema, key, examples }: MessageDescription, channel: ChannelDescription): object {
  return {
    ...{ name, summary, payload: schema, examples: examples.map((payload) => ({ payload })) },
    ...(isKafka(channel) && key && { bindings: { kafka: { key, bindingVersion } } }),
  };
}

/** Of AsyncAPI's bindings of Kafka. */
const bindingVersion = '0.5.0';

function isKafka({ protocol }: ChannelDescription): boolean {
  return protocol === 'kafka';
}

/** Partitions as they are when fdp creates the topic. */
function kafkaTopic({ address, partitions }: ChannelDescription): object {
  return { topic: address, ...(partitions !== undefined && { partitions }), bindingVersion };
}

function idOf({ name }: ChannelDescription, message: MessageDescription): string {
  return `${name}.${message.name}`;
}
