import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, type KeyScope, newKey, readKeyFile, writeKeyFile } from '../../../src/kit/key-file.ts';

/** A file of keys in a folder of its own. */
export class KeyFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'fdp-keys-'));
  readonly file = join(this.path, 'keys.json');

  /** Adds a key, and returns it. */
  add(name: string, ...scopes: readonly KeyScope[]): string {
    const key = newKey();
    const added = new Date(0).toISOString();
    const stored = { name, scopes, hash: hashOf(key).toString('hex'), added };
    writeKeyFile(this.file, [...readKeyFile(this.file), stored]);
    return key;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
