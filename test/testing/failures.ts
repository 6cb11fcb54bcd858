import type { Check } from '../../src/testing/check.ts';

/** The titles of the checks that fail. */
export async function failuresOf(checks: readonly Check[]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { title, run } of checks)
    await run().catch(() => {
      failed.push(title);
    });
  return failed;
}
