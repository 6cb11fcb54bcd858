/** The parts of a schema that this page shows. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly isRequired: boolean;
  readonly description: string;
  /** Type, limits and default in words. */
  readonly form: string;
  /** An example value; empty if the document has none. */
  readonly example: string;
  /** The allowed values, if they are listed. */
  readonly values?: readonly string[];
  /** The maximum, if there is one. */
  readonly most?: number;
}

/** A response of a route. */
export interface Answer {
  readonly status: string;
  readonly description: string;
  /** As text; undefined where the document has none. */
  readonly example: string | undefined;
}

/** One method of one path. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly answers: readonly Answer[];
  /** True if the response is an endless stream of events. */
  readonly isStream: boolean;
}

/** The parts of an OpenAPI 3.1 document that the page shows. */
export interface ApiText {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly routes: readonly Route[];
}

type Json = Readonly<Record<string, unknown>>;

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete'];

/** Reads a document; missing parts are left empty. References within the document are resolved. */
export function readApi(document: unknown): ApiText {
  const root = objectOf(document);
  const info = objectOf(root['info']);
  const routes = Object.entries(objectOf(root['paths'])).flatMap(([path, item]) =>
    Object.entries(objectOf(item))
      .filter(([method]) => methods.includes(method))
      .map(([method, operation]) => routeOf(root, { method, path, item: objectOf(item) }, objectOf(operation))),
  );
  return {
    title: text(info['title']),
    version: text(info['version']),
    description: text(info['description']),
    routes,
  };
}

interface Method {
  readonly method: string;
  readonly path: string;
  readonly item: Json;
}

function routeOf(root: Json, { method, path, item }: Method, operation: Json): Route {
  const parameters = [...listOf(item['parameters']), ...listOf(operation['parameters'])];
  const responses = Object.entries(objectOf(operation['responses'])).map(
    ([status, response]) => [status, resolved(root, response)] as const,
  );
  return {
    ...{ method: method.toUpperCase(), path },
    summary: text(operation['summary']),
    description: text(operation['description']),
    parameters: parameters.map((parameter) => parameterOf(root, resolved(root, parameter))),
    answers: responses.map(([status, response]) => ({
      status,
      description: text(response['description']),
      example: exampleOf(root, response),
    })),
    isStream: responses.some(([, response]) => 'text/event-stream' in objectOf(response['content'])),
  };
}

function parameterOf(root: Json, parameter: Json): Parameter {
  const schema = resolved(root, parameter['schema']) as Schema;
  const example = parameter['example'] ?? schema.examples?.[0] ?? schema.default;
  return {
    name: text(parameter['name']),
    in: text(parameter['in']),
    isRequired: parameter['required'] === true,
    description: text(parameter['description']) || text(schema.description),
    form: formOf(schema),
    example: example === undefined ? '' : String(example),
    ...(schema.enum ? { values: schema.enum.map(String) } : {}),
    ...(schema.maximum === undefined ? {} : { most: schema.maximum }),
  };
}

/** Type, limits and default of a schema in words: `integer, 1 to 500, default 15`. */
function formOf({ type, minimum, maximum, default: standard, enum: values, pattern }: Schema): string {
  const bounds =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} to ${maximum}`
      : minimum !== undefined
        ? `${minimum} or more`
        : maximum !== undefined
          ? `${maximum} or less`
          : undefined;
  const words = [
    typeof type === 'string' ? type : type?.join(' or '),
    values && `one of ${values.join(', ')}`,
    bounds,
    pattern && `matches ${pattern}`,
    standard === undefined ? undefined : `default ${standard}`,
  ];
  return words.filter((word) => word !== undefined && word !== '').join(', ');
}

function exampleOf(root: Json, response: Json): string | undefined {
  for (const content of Object.values(objectOf(response['content'])).map(objectOf)) {
    const [named] = Object.values(objectOf(content['examples'])).map((example) => resolved(root, example)['value']);
    const schema = resolved(root, content['schema']);
    const example = content['example'] ?? named ?? schema['example'] ?? listOf(schema['examples'])[0];
    if (example !== undefined) return typeof example === 'string' ? example : JSON.stringify(example, null, 2);
  }
  return undefined;
}

/** Resolves `{"$ref": "#/components/..."}`; circular references end. */
function resolved(root: Json, value: unknown, depth = 0): Json {
  const found = objectOf(value);
  const reference = found['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#/') || depth > 10) return found;
  const target = reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => objectOf(at)[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
  return resolved(root, target, depth + 1);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The relative URL of a route with these values; empty values are left out of the query. */
export function urlOf({ path, parameters }: Route, values: ReadonlyMap<string, string>): string {
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => encodeURIComponent(values.get(name) ?? ''));
  const query = new URLSearchParams(
    parameters
      .filter((parameter) => parameter.in === 'query' && (values.get(parameter.name) ?? '') !== '')
      .map(({ name }): [string, string] => [name, values.get(name) ?? '']),
  ).toString();
  return query === '' ? filled : `${filled}?${query}`;
}
