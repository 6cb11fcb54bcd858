import { dirname } from 'node:path';
import type { Clock } from '../../kit/clock.ts';
import type { OperatorDeclaration } from '../../kit/declaration.ts';
import type { FunctionDeclaration } from '../../kit/function.ts';
import type { Components } from '../give/json-schema.ts';
import { Problems } from '../problem.ts';
import { withoutSecrets } from '../read/environment-secrets.ts';
import { type PipelineFile, pluginsOf } from '../read/files.ts';
import { interpolation } from '../read/interpolate.ts';
import { readVariables } from '../read/variables.ts';
import { contained } from './contained.ts';
import { type Declared, declaredBy } from './declared.ts';
import { importPlugin } from './import.ts';
import { locate } from './locate.ts';
import { PluginError, type PluginMistake } from './mistake.ts';
import { namedPlugins } from './named.ts';

export interface PluginRequest {
  readonly file: PipelineFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is shipped. */
  readonly components: Components;
  /** Names of functions that expressions have without plugins. */
  readonly takenFunctions: readonly string[];
  readonly clock: Clock;
  /** Gets what Node.js knows about a plugin that can't be loaded. */
  debug?(text: string): void;
}

/**
 * What is shipped, and what the plugins of a pipeline declare. Imports them, one after the other. Never rejects: what is
 * wrong with a plugin is in `mistakes`, and a problem of the pipeline once that is read.
 */
export async function withPlugins(request: PluginRequest): Promise<Components> {
  const { file, components } = request;
  const folder = dirname(file.source.path);
  const names = pluginNames(request);
  if (names.length === 0) return components;
  const collected = new Collection(request);
  for (const name of names) await collected.load(name, folder);
  return collected.components;
}

/** What the pipeline lists. Mistakes in the list are reported when the whole pipeline is read. */
function pluginNames({ file, env }: PluginRequest): readonly string[] {
  const entry = pluginsOf(file);
  if (!entry) return [];
  const unreported = new Problems();
  const fill = interpolation(readVariables(dirname(file.source.path), env), unreported);
  return namedPlugins({ key: entry.key, value: fill(entry.value) }, unreported).map(({ name }) => name);
}

type DeclarationOf<K extends Declared['kind']> = Extract<Declared, { readonly kind: K }>['declaration'];

/** The components, while plugins are added to them. */
class Collection {
  readonly #request: PluginRequest;
  /** Who has a name: `operator filter`. */
  readonly #owners = new Map<string, string | undefined>();
  readonly #added: Declared[] = [];
  readonly #mistakes: PluginMistake[] = [];
  readonly #files = new Map<string, string>();

  constructor(request: PluginRequest) {
    this.#request = request;
    const { components, takenFunctions } = request;
    for (const { type } of components.operators) this.#owners.set(`operator "${type}"`, undefined);
    for (const { type } of components.connectors) this.#owners.set(`connector "${type}"`, undefined);
    for (const name of takenFunctions) this.#owners.set(`function "${name}"`, undefined);
  }

  async load(plugin: string, folder: string): Promise<void> {
    try {
      const path = locate(plugin, folder);
      this.#files.set(plugin, path);
      const declared = declaredBy(await importPlugin(path, this.#request.clock));
      for (const each of declared) this.#add(each, plugin);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      // Its own code may have put into the text what it read of the environment.
      const shown = (text: string) => withoutSecrets(text, readVariables(folder, this.#request.env));
      this.#mistakes.push({ plugin, text: shown(error.message), hint: error.hint });
      const { stack } = (error.cause ?? {}) as { readonly stack?: string };
      if (stack !== undefined) this.#request.debug?.(shown(stack));
    }
  }

  get components(): Components {
    const { connectors, operators } = this.#request.components;
    const functions = this.#declared('function');
    return {
      connectors: [...connectors, ...this.#declared('connector')],
      operators: [...operators, ...this.#declared('operator')].map((operator) => withFunctions(operator, functions)),
      functions,
      mistakes: this.#mistakes,
      pluginFiles: this.#files,
    };
  }

  #declared<K extends Declared['kind']>(kind: K): readonly DeclarationOf<K>[] {
    return this.#added.filter((each) => each.kind === kind).map(({ declaration }) => declaration as DeclarationOf<K>);
  }

  #add(declared: Declared, plugin: string): void {
    const { kind, declaration } = declared;
    const what = `${kind} "${'type' in declaration ? declaration.type : declaration.name}"`;
    if (this.#owners.has(what)) {
      const owner = this.#owners.get(what);
      const hint = `give it another ${kind === 'function' ? 'name' : 'type'}`;
      throw new PluginError(`${what} is already ${owner === undefined ? 'in fdp' : `that of ${owner}`}`, hint);
    }
    this.#owners.set(what, plugin);
    this.#added.push(contained(declared, plugin));
  }
}

/** An operator whose expressions can call these functions. */
function withFunctions(
  declaration: OperatorDeclaration,
  functions: readonly FunctionDeclaration[],
): OperatorDeclaration {
  if (functions.length === 0) return declaration;
  return {
    ...declaration,
    ...(declaration.shape && {
      shape: (options, input, report, scope) => declaration.shape?.(options, input, report, { ...scope, functions }),
    }),
    create: (options, context) => declaration.create(options, { ...context, functions }),
  };
}
