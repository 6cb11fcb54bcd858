import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { validate } from '../../src/cli/validate.ts';
import { Problems } from '../../src/spec/problem.ts';
import { checkTree } from '../../src/spec/schema.ts';
import { beginOf, sourceFile } from '../../src/spec/source.ts';

const check = (profile: string, env = {}) =>
  validate({
    pipelinePath: 'pipeline.yml',
    profile,
    env,
    components: { connectors, operators },
    folder: process.cwd(),
  });

describe('the shipped pipeline', () => {
  const starts = 'starts ingestor, processor, analytics, api, live; ';

  it.each(['embedded', 'cluster'])('is valid with the profile %s', (profile) => {
    expect(check(profile).text).toContain(`pipeline.yml is valid: profile ${profile}; ${starts}`);
  });

  it('lacks a key when its feed is the real market', () => {
    const { text, exitCode } = check('embedded', { FDP_FEED: 'finnhub' });

    expect(exitCode).toBe(2);
    expect(text).toContain('FINNHUB_TOKEN is not set');
    expect(text).toContain('https://finnhub.io/register');
  });
});

describe('every declaration', () => {
  const problems = new Problems();
  const owner = beginOf(sourceFile('none.yml', '', 0));

  it.each([...connectors, ...operators].map((each) => [each.type, each] as const))(
    '%s has options that compile',
    (subject, each) => {
      const roles = 'source' in each || 'sink' in each || 'lookup' in each ? [each.source, each.sink, each.lookup] : [];
      for (const schema of [each.options, ...roles.flatMap((role) => role?.options ?? [])])
        expect(() => checkTree(undefined, { schema, subject, owner, problems, folder: '/' })).not.toThrow();
    },
  );
});
