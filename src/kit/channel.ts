type Schema = Readonly<Record<string, unknown>>;

/** Where other programs can read the messages of a connector. */
export interface ChannelAddress {
  /** `kafka`, `tcp`, ... */
  readonly protocol: string;
  /** Host and port, where they may be known to everybody; left out: what an option of the connector says. */
  readonly host?: string;
  /** A topic; null where the host alone leads to the messages. */
  readonly address: string | null;
  /** Of a topic. */
  readonly partitions?: number;
  /** Whether clients need a key. */
  readonly hasKeys?: boolean;
}

/** A kind of message. The schema is JSON Schema (draft 7). */
export interface MessageDescription {
  /** One word. */
  readonly name: string;
  readonly summary: string;
  readonly schema: Schema;
  /** JSON Schema of the key that its record in a topic has. */
  readonly key?: Schema;
  readonly examples: readonly Schema[];
}

/** A channel as its clients see it, made from the declarations of connectors and operators. */
export interface ChannelDescription extends ChannelAddress {
  /** Of the connector. */
  readonly name: string;
  /** The type of the connector. */
  readonly type: string;
  readonly description: string;
  readonly messages: readonly MessageDescription[];
}
