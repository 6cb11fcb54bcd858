import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { connectors } from '../connectors/index.ts';
import { operators } from '../operators/index.ts';
import { validate } from '../src/cli/validate.ts';
import { imageEnvironment } from './support/containers/dockerfile.ts';

interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string }[];
}

interface Item {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly selector: Readonly<Record<string, unknown>>;
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly template?: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

const document = parseDocument(readFileSync('deploy/kubernetes/fdp.yml', 'utf8'), { merge: true });
const { items } = document.toJS() as { readonly items: readonly Item[] };
const workloads = items.filter(({ spec }) => spec?.template);
const secret = { MONGODB_URL: 'mongodb://db:27017', FINNHUB_TOKEN: 'key' };

/** What the compiler says of the items as values of Kubernetes' types, which are made from its OpenAPI. */
function misfits(these: readonly Item[]): readonly string[] {
  const moduleOf = (item: Item) => (item.apiVersion === 'v1' ? 'core/v1' : item.apiVersion);
  const lines = these.map(
    (item, index) =>
      `export const i${index}: import('kubernetes-types/${moduleOf(item)}').${item.kind} = ${JSON.stringify(item)};`,
  );
  const path = resolve('test/manifest.ts');
  const options = {
    noEmit: true,
    strict: true,
    types: [],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, version) =>
    name === path ? ts.createSourceFile(name, lines.join('\n'), version) : getSourceFile(name, version);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([path], options, host));
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the manifest for Kubernetes', () => {
  it('is YAML without warnings, and what the types of Kubernetes allow, which find a key that is misspelt', () => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    const [workload] = workloads;
    if (!workload) throw new Error('nothing runs');
    const misspelt = { ...workload, spec: { ...workload.spec, replica: 2 } };
    expect(misfits([...items, misspelt])).toEqual([expect.stringContaining(`'"replica"' does not exist`)]);
  });

  it.each(workloads.map((workload) => [workload.metadata.name, workload] as const))(
    'runs %s with a valid pipeline, its own labels and volumes, and no rights',
    (_name, { spec: { selector, template, volumeClaimTemplates = [] } }) => {
      expect(selector).toEqual({ matchLabels: template?.metadata.labels });
      for (const { args, env = [], securityContext, volumeMounts } of template?.spec.containers ?? []) {
        const configured = items.find(({ kind }) => kind === 'ConfigMap')?.data;
        const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
        const { text, exitCode } = validate({
          pipelinePath: 'pipeline.yml',
          env: { ...imageEnvironment(readFileSync('Dockerfile', 'utf8')), ...configured, ...secret, ...own },
          components: { connectors, operators },
          topologies: args[1]?.split(',') ?? [],
          folder: process.cwd(),
        });
        expect([args[0], exitCode], text).toEqual(['--topology', 0]);
        const volumes = [...(template?.spec.volumes ?? []), ...volumeClaimTemplates.map(({ metadata }) => metadata)];
        expect(volumes.map(({ name }) => name).sort()).toEqual(volumeMounts.map(({ name }) => name).sort());
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
      }
    },
  );

  it('leads services to ports that their pods have', () => {
    const services = items.filter(({ kind }) => kind === 'Service');
    expect(services.map(({ metadata }) => metadata.name)).toEqual(['analytics', 'api']);
    for (const { spec } of services) {
      const pods = workloads.find(
        ({ spec: { template } }) => JSON.stringify(template?.metadata.labels) === JSON.stringify(spec.selector),
      );
      const ports = pods?.spec.template?.spec.containers.flatMap((container) =>
        container.ports.map(({ name }) => name),
      );
      for (const { targetPort } of spec.ports ?? []) expect(ports).toContain(targetPort);
    }
  });
});
