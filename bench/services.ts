import { type Service, startKafka, startMongo } from '../test/support/services/services.ts';

/** The servers that the paths of the profile `cluster` are measured on. */
export interface Servers {
  readonly brokers: string;
  readonly mongoUrl: string;
}

/** The commands of the servers' processes, if they were started here. */
export const serverNames = ['java', 'mongod'];

/** Started by the first path that needs them; taken from the environment if they are named there. */
export class Services implements AsyncDisposable {
  readonly #started: Service[] = [];
  #servers: Promise<Servers> | undefined;

  servers(): Promise<Servers> {
    this.#servers ??= this.#start();
    return this.#servers;
  }

  async #start(): Promise<Servers> {
    const { FDP_TEST_KAFKA_BROKERS: brokers, MONGO_URL_TEST: url } = process.env;
    const start = async (make: () => Promise<Service>) => {
      const service = await make();
      this.#started.push(service);
      return service.address;
    };
    return { brokers: brokers ?? (await start(startKafka)), mongoUrl: url ?? (await start(startMongo)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((service) => service.stop()));
  }
}
