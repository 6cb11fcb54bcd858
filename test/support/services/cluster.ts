import { describe, inject } from 'vitest';
import type { SharedServices } from './cluster-setup.ts';

/** Tests on the shared servers; skipped by name where there are none. */
export function onServices(name: string, tests: (services: SharedServices) => void): void {
  const services = inject('services');
  if (services) describe(name, () => tests(services));
  else describe.skip(`${name}: no Kafka and MongoDB here`, () => {});
}

/** Tests that start servers of their own, to do them harm; skipped by name where that is not possible. */
export function onOwnServices(name: string, tests: (services: SharedServices) => void): void {
  const services = inject('services');
  if (services?.own) describe(name, () => tests(services));
  else describe.skip(`${name}: no servers can be started here`, () => {});
}
