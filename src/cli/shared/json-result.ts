import type { CommandResult } from '../validate.ts';

/** What a command prints with `--json`: one object. */
export function jsonResult(value: object, exitCode: CommandResult['exitCode'] = 0): CommandResult {
  return { text: `${JSON.stringify(value)}\n`, exitCode };
}
