import { existsSync } from 'node:fs';
import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { type Service, untilReady } from './process.ts';

/** True if a Docker daemon responds. */
export async function dockerAnswers(): Promise<boolean> {
  if (process.env['DOCKER_HOST'] === undefined && !existsSync('/var/run/docker.sock')) return false;
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}

export interface ContainerGiven {
  readonly image: string;
  readonly address: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The same inside and outside the container. */
  readonly ports: readonly number[];
  /** Files and folders of this machine that the container may read, at the same paths. */
  readonly mounts: readonly string[];
  /** The container uses this machine's network: its connections come from the loopback interface. */
  readonly sharesNetwork?: boolean;
  ready(): Promise<void>;
  /** Called after the container is removed. */
  removed(): void;
}

/** Starts a server in a container that Ryuk removes if this process does not. */
export async function startContainer(given: ContainerGiven): Promise<Service> {
  let made = new GenericContainer(given.image).withEnvironment({ ...given.environment });
  if (given.sharesNetwork) made = made.withNetworkMode('host');
  else made = made.withExposedPorts(...given.ports.map((port) => ({ container: port, host: port })));
  if (given.command) made = made.withCommand([...given.command]);
  made = made.withBindMounts(given.mounts.map((path) => ({ source: path, target: path, mode: 'ro' })));
  const started = await made.start();
  const { container } = await getContainerRuntimeClient();
  const handle = container.getById(started.getId());
  const answering = () => untilReady(given.ready, () => undefined);
  await answering();
  return {
    address: given.address,
    pause: async () => void (await handle.pause()),
    resume: async () => void (await handle.unpause()),
    kill: async () => void (await handle.kill()),
    terminate: async () => void (await handle.stop()),
    restart: async () => {
      const { State } = await handle.inspect();
      await (State.Running ? handle.restart() : handle.start());
      await answering();
    },
    stop: async () => {
      await started.stop();
      given.removed();
    },
  };
}
