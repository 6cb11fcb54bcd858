import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from './support/cli/platform.ts';

const folder = '.github/workflows';
const text = readFileSync(`${folder}/ci.yml`, 'utf8');

describe.each(readdirSync(folder))('the workflow %s', (name) => {
  const workflow = readFileSync(`${folder}/${name}`, 'utf8');

  it('runs actions of a named commit only, and says of which version', () => {
    const used = workflow.split('\n').filter((line) => line.includes('uses:') && !line.includes('uses: ./'));

    expect(used).not.toEqual([]);
    for (const line of used) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('may read the code and no more, unless a job needs it, and keeps no credentials in the checkout', () => {
    expect(parse(workflow).permissions).toEqual({ contents: 'read' });
    const steps = Object.values(parse(workflow).jobs as Record<string, { steps?: { uses?: string; with?: object }[] }>);
    for (const { uses, with: given } of steps.flatMap((job) => job.steps ?? []))
      if (uses?.startsWith('actions/checkout@')) expect(given).toMatchObject({ 'persist-credentials': false });
  });
});

describe('the checks', () => {
  it('give up on what a newer push replaces', () => {
    expect(parse(text).concurrency).toMatchObject({ group: expect.stringContaining('github.ref') });
  });

  it('checks the containers in one job, and runs nothing twice', () => {
    const { steps, strategy } = parse(text).jobs.test;
    const runs = steps.flatMap(({ run }: { readonly run?: string }) => (run === undefined ? [] : [run]));

    expect(runs).toEqual(['bash .ci/run']);
    expect(strategy.matrix.node.map((node: string) => node.split('.')[0])).toEqual(['20', '22', '24']);
  });
});

describe('a release', () => {
  const { jobs } = parse(readFileSync(`${folder}/release.yml`, 'utf8'));

  it('is tested before anything is published, and deployed only through the approved environment', () => {
    expect(jobs.test).toEqual({ needs: 'notes', uses: './.github/workflows/ci.yml' });
    expect([jobs.package.needs, jobs.image.needs]).toEqual(['test', 'test']);
    expect(jobs.deploy).toMatchObject({ needs: 'image', environment: 'production' });
  });

  it('runs scripts that exist', () => {
    const runs = Object.values(jobs as Record<string, { steps?: { run?: string }[] }>).flatMap(
      (job) => job.steps ?? [],
    );
    const scripts = runs.flatMap(({ run = '' }) => run.match(/\.ci\/[a-z-]+/g) ?? []);
    expect(new Set(scripts)).toEqual(new Set(['.ci/release-notes', '.ci/package', '.ci/image', '.ci/deploy']));
    for (const script of scripts)
      expect(execFileSync('git', ['ls-files', '--stage', script], { encoding: 'utf8' })).toMatch(/^100755 /);
  });
});

describe('the package of a release', () => {
  const { jobs, defaults } = parse(readFileSync(`${folder}/release.yml`, 'utf8'));
  const steps = jobs.package.steps as readonly { id?: string; run?: string; env?: Readonly<Record<string, string>> }[];
  const packing = steps.find(({ id }) => id === 'packed')?.run ?? '';
  const publishing = steps.find(({ run }) => run?.startsWith('npm publish'));

  it('is published with its provenance, by the one step that has the token', () => {
    expect(publishing?.run).toMatch(/ --provenance --access public$/);
    expect(jobs.package.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(steps.filter(({ env }) => env && 'NODE_AUTH_TOKEN' in env)).toEqual([publishing]);
  });

  it.each([
    ['the file that was tried', 'echo fdp-1.tgz', 0, 'file=fdp-1.tgz\n'],
    ['none when the trial fails', 'exit 3', 3, ''],
  ])('is %s', (_what, script, code, output) => {
    using there = temporaryFolder();
    mkdirSync(join(there.path, '.ci'));
    writeFileSync(join(there.path, '.ci/package'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    writeFileSync(join(there.path, 'output'), '');
    const { status } = spawnSync(defaults.run.shell, ['-eo', 'pipefail', '-c', packing], {
      ...{ cwd: there.path, env: { PATH: process.env['PATH'], GITHUB_OUTPUT: join(there.path, 'output') } },
    });
    expect([status, readFileSync(join(there.path, 'output'), 'utf8')]).toEqual([code, output]);
  });
});

/** Runs release-notes on a copy of the checkout's files with these edits. */
function notes(tag: string, edits: Readonly<Record<string, readonly [string, string]>>, env: NodeJS.ProcessEnv = {}) {
  using copy = temporaryFolder();
  for (const name of ['.ci/release-notes', 'package.json', 'Dockerfile', 'CHANGELOG.md'])
    cpSync(name, join(copy.path, name));
  for (const [name, [found, instead]] of Object.entries(edits)) {
    const path = join(copy.path, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(found, instead));
  }
  const command = join(copy.path, '.ci/release-notes');
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, tag], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the notes of a release', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const dated = [
    '## Unreleased',
    `## Unreleased\n\n## ${version} (2030-01-02)\n\n### Added\n\n- all of it\n\n## 0.0.1 (2029-01-01)`,
  ] as const;

  it('are the section of its version', () => {
    expect(notes(`v${version}`, { 'CHANGELOG.md': dated })).toMatchObject({
      status: 0,
      stdout: '### Added\n\n- all of it\n',
    });
  });

  it.each([
    ['another tag', 'v9.9.9', {}, /^the tag is "v9\.9\.9", package\.json has version/],
    ['a changelog without it', `v${version}`, {}, /^CHANGELOG\.md has no "## /],
    [
      'nothing to say',
      `v${version}`,
      { 'CHANGELOG.md': ['## Unreleased', `## ${version} (2030-01-02)\n\n## Before`] },
      /has nothing under/,
    ],
    [
      'an image of another version',
      `v${version}`,
      { Dockerfile: [`version=${version}`, 'version=9'] },
      /^Dockerfile labels the image 9/,
    ],
  ] as const)('are refused for %s, in one line', (_what, tag, edits, line) => {
    const { status, stdout, stderr } = notes(tag, edits);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('are refused where the package names another repository than the one that builds it', () => {
    const { status, stderr } = notes(`v${version}`, { 'CHANGELOG.md': dated }, { GITHUB_REPOSITORY: 'owner/other' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('git+https://github.com/owner/other.git')]);
  });
});

describe('the nightly workflow', () => {
  const { jobs, on } = parse(readFileSync(`${folder}/nightly.yml`, 'utf8'));
  const steps: readonly { readonly run?: string; readonly if?: string; readonly with?: object }[] = jobs.seeds.steps;
  const command = steps.flatMap(({ run }) => run ?? []).find((run) => run.includes('fdp-run.js')) ?? '';

  it('runs a thousand seeds that are not those of the night before', () => {
    expect(on.schedule).toHaveLength(1);
    expect(command).toContain('--seeds "$first..$((first + 999))"');
    const range = (run: number) => {
      const script = command.replace(/node bin\/fdp-run\.js (.*)/, (_whole, args) => `echo ${args}`);
      const env = { PATH: process.env['PATH'], GITHUB_RUN_NUMBER: String(run) };
      return execFileSync('bash', ['-c', script], { env, encoding: 'utf8' }).trim();
    };
    expect(range(7)).toBe('simulate --seeds 7000..7999 --hours 0.1');
    expect(range(8)).toBe('simulate --seeds 8000..8999 --hours 0.1');
  });

  it('keeps the shrunk tests of seeds that fail', () => {
    const kept = steps.find((step) => step.if === 'failure()');
    expect(kept?.with).toMatchObject({ path: 'failure-*.test.yml' });
  });

  it('runs the tests that a push does not', () => {
    const runs = jobs.faults.steps.map(({ run }: { readonly run?: string }) => run);
    expect(runs).toEqual(expect.arrayContaining(['npm run test:faults', 'npm run test:soak']));
  });

  it('runs in full each test of which a push runs a part', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = scripts['test:faults'].split(' ').filter((word: string) => /^[a-z0-9/-]+$/.test(word));
    const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.test.ts'),
    );
    const parts = files.filter((name) =>
      /from '[./]+support\/cli\/faults\.ts'/.test(readFileSync(join('test', name), 'utf8')),
    );
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.filter((name) => !named.some((part: string) => `test/${name}`.includes(part)))).toEqual([]);
  });
});
