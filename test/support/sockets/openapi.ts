import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Content }>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly examples?: readonly unknown[] };
  readonly description?: string;
  readonly example?: unknown;
}
type Content = Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>;
export interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly responses: Readonly<Record<string, { readonly content: Content }>> };
}

export const ajv = new Ajv2020({ strict: false });

export function responseOf(document: Document, path: string, status: string | number): Content {
  const found = document.paths[path]?.get.responses[status];
  const name =
    found?.$ref?.split('/').at(-1) ?? (status === 404 ? 'NotFound' : status === 405 ? 'MethodNotAllowed' : '');
  return found?.content ?? document.components.responses[name]?.content ?? {};
}

/** Expects a body to match the document for this path and status. */
export function expectTrue(
  document: Document,
  path: string,
  { status, text }: { status: number | undefined; text: string },
): void {
  const schema = responseOf(document, path, status ?? 0)['application/json']?.schema;
  expect([path, status, schema]).toEqual([path, status, expect.any(Object)]);
  const fits = ajv.compile({ ...schema, components: document.components });
  fits(JSON.parse(text));
  expect([path, status, fits.errors]).toEqual([path, status, null]);
}
