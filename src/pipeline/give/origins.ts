import type { Origin } from '../../engine/origins.ts';
import { isSecret } from '../check/annotations.ts';
import { type Path, scalarsOf } from '../read/tree.ts';
import type { ConnectorSpec } from '../spec.ts';

/** The options of a connector that were made from environment variables. */
export function originsOf({ entry, options, declaration }: ConnectorSpec): readonly Origin[] {
  return [...scalarsOf(entry.value)].flatMap(({ scalar: { parts }, path }) => {
    if (!parts) return [];
    const value = optionAt(options, path);
    const isShown = typeof value === 'string' && !isSecret(declaration?.options ?? {}, path);
    return [{ option: path.join('.'), parts, value: isShown ? value : undefined }];
  });
}

function optionAt(options: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (here, step) =>
      typeof here === 'object' && here !== null
        ? (here as Readonly<Record<string | number, unknown>>)[step]
        : undefined,
    options,
  );
}
