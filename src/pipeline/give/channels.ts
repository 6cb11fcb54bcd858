import type { ChannelDescription, MessageDescription } from '../../kit/channel.ts';
import { deadLetterMessage, shapeMessage } from '../../kit/message-schemas.ts';
import { chainShape } from '../check/shapes.ts';
import { type BranchSpec, chainOf, type Spec, type TopologySpec, type UseSpec } from '../spec.ts';

/** What other programs can read of a pipeline's topologies that start by themselves, a channel for each connector. */
export function channelsOf(spec: Spec): readonly ChannelDescription[] {
  const channels = new Map<string, ChannelDescription>();
  const add = (use: UseSpec | undefined, description: string, messages: readonly MessageDescription[]) => {
    const connector = use?.connector;
    const address = connector?.valid ? connector.declaration?.channel?.(connector.options) : undefined;
    if (!connector?.declaration || !address || channels.has(connector.name)) return;
    channels.set(connector.name, {
      ...address,
      name: connector.name,
      type: connector.declaration.type,
      description,
      messages,
    });
  };
  const started = [...spec.topologies.values()].filter(({ autostart }) => autostart);
  for (const topology of started)
    for (const branch of topology.branches) add(branch.sink, topology.description, messagesOf(topology, branch, spec));
  for (const { deadLetter } of started) add(deadLetter, 'What could not be delivered.', [deadLetterMessage]);
  return [...channels.values()];
}

/** With the fields that are known at the sink, or as the source has them; none if nothing is known. */
function messagesOf(topology: TopologySpec, branch: BranchSpec, spec: Spec): readonly MessageDescription[] {
  const shape = chainShape(chainOf(topology, branch), spec.connectors);
  if (shape) return [shapeMessage(shape)];
  return topology.source?.connector?.declaration?.source?.messages ?? [];
}
