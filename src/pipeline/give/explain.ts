import { isSecret } from '../check/annotations.ts';
import { type Path, scalarsOf } from '../read/tree.ts';
import type { ConnectorSpec } from '../spec.ts';
import { type Named, type VariableOption, withVariables } from './variable-notes.ts';

/** A function that adds to an error's text the environment variables that these connectors' values come from. */
export function explainer(connectors: readonly ConnectorSpec[]): (text: string) => string {
  const named: readonly Named[] = connectors.map((connector) => ({
    name: connector.name,
    options: variableOptions(connector),
  }));
  return (text) => withVariables(named, text);
}

/** The options of a connector that were made from environment variables. */
function variableOptions({ entry, options, declaration }: ConnectorSpec): readonly VariableOption[] {
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
