import { describe, inject, type TestOptions } from 'vitest';
import type { SharedServices } from './cluster-setup.ts';

type OnServices = (name: string, tests: (services: SharedServices) => void) => void;

/** Like vitest's `describe`: `.concurrent` is for tests that mostly wait, each in its own world. */
function on(suits: (services: SharedServices) => boolean, missing: string): OnServices & { concurrent: OnServices } {
  const describing =
    (options: TestOptions): OnServices =>
    (name, tests) => {
      const services = inject('services');
      if (services && suits(services)) describe(name, options, () => tests(services));
      else describe.skip(`${name}: ${missing}`, () => {});
    };
  return Object.assign(describing({}), { concurrent: describing({ concurrent: true }) });
}

/** Tests on the shared servers; skipped if there are none. */
export const onServices = on(() => true, 'no Kafka and MongoDB here');

/** Tests that start servers of their own, to break them; skipped if that is not possible. */
export const onOwnServices = on(({ own }) => own, 'no servers can be started here');
