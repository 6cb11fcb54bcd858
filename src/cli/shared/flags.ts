import { Option } from 'commander';

/** The flag that several commands have. */
export function json(): Option {
  return new Option('--json', 'one JSON object');
}

/** Names that are repeated, or separated by commas. */
export function names(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...given.split(',').map((name) => name.trim())];
}
