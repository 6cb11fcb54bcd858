import type { RoleContext } from '../../../src/kit/role.ts';

/** Dropped messages: counted as `dropped`, logged, and shown by the node until a step succeeds again. */
export class Losses {
  readonly #context: Pick<RoleContext, 'node' | 'log'>;
  readonly #name: string;
  #areShown = false;

  constructor(context: Pick<RoleContext, 'node' | 'log'>, name: string) {
    this.#context = context;
    this.#name = name;
  }

  /** Whether the node shows them. */
  get areShown(): boolean {
    return this.#areShown;
  }

  report(dropped: number, why: string): void {
    if (dropped === 0) return;
    const { node, log } = this.#context;
    node.count('dropped', dropped);
    this.#areShown = true;
    node.is('retrying', `${node.extra['dropped']} messages were dropped: ${why}`);
    log.error({ dropped }, `${this.#name}: ${dropped} messages were dropped: ${why}`);
  }

  /** To be called when a step has succeeded. */
  end(): void {
    if (!this.#areShown) return;
    this.#areShown = false;
    this.#context.node.is('ok');
  }
}
