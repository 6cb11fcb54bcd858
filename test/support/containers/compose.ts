import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parseDocument } from 'yaml';

/** The parts of a Compose file that the tests use; the file is validated against the schema first. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

export interface Service {
  readonly image: string;
  readonly pull_policy?: string;
  readonly tmpfs?: readonly string[];
  readonly build?: string;
  readonly command?: readonly string[];
  readonly container_name?: string;
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly init?: boolean;
  readonly mem_limit?: string;
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
}

interface Read {
  readonly file: ComposeFile;
  /** Problems found by the YAML parser and by the specification's schema. */
  readonly problems: readonly string[];
}

// The schema is draft 7, but its `$schema` is a URL that ajv does not know.
const { $schema: _draft, ...schema } = JSON.parse(
  readFileSync(new URL('compose-spec.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

/** Reads a Compose file without replacing variables. */
export function readCompose(text: string): Read {
  const document = parseDocument(text, { merge: true, prettyErrors: true });
  const file = document.toJS() as ComposeFile;
  const fits = validate(file);
  const mismatches = fits
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
  const yaml = [...document.errors, ...document.warnings].map(({ message }) => message);
  return { file, problems: [...yaml, ...mismatches] };
}

const reference = /\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g;

/** Replaces variables as Compose does; a variable that is not set and has no default is an error. */
export function filled(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(reference, (all, name: string, kind?: string, rest = '') => {
    const value = env[name] || (kind === '-' ? rest : undefined);
    if (value === undefined) throw new Error(`${all}: not set`);
    return value;
  });
}

/** Every variable that a Compose file takes from its environment: references, and names passed on without a value. */
export function variablesOf(text: string, { services }: ComposeFile): readonly string[] {
  const references = [...text.matchAll(reference)].map(([, name = '']) => name);
  const passedOn = Object.values(services).flatMap(({ environment = {} }) =>
    Object.keys(environment).filter((name) => environment[name] === null),
  );
  return [...new Set([...references, ...passedOn])].sort();
}

/** The environment of a container, given the environment in which Compose runs. */
export function environmentOf(
  { environment = {} }: Service,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const text = value === null ? env[name] : filled(value, env);
    if (text !== undefined) found[name] = text;
  }
  return found;
}
