import { expect, it } from 'vitest';
import { subjectsOf } from '../../../src/cli/reconcile/subject.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { shippedComponents } from '../../support/pipeline/spec.ts';

it('reconcile compares every table of the shipped pipeline that counts: symbols with trades, bars and gaps with the log', () => {
  const spec = readSpec({ pipelinePath: 'pipeline.yml', profile: undefined, env: {}, components: shippedComponents });
  const leftOut: string[] = [];
  const subjects = subjectsOf(spec, undefined, (reason) => leftOut.push(reason));
  expect(subjects.map(({ name, from, whyNoRepair }) => [name, from.name, whyNoRepair])).toEqual([
    ['symbols', 'trades', undefined],
    ['candles', 'ticks', undefined],
    ['gaps', 'ticks', undefined],
  ]);
  expect(leftOut).toEqual([]);
});
