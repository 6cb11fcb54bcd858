import { hiding } from '../../kit/hiding.ts';
import { secretsInUrls } from './secret-text.ts';
import { isSecretName } from './shown-text.ts';
import type { Variables } from './variables.ts';

/** Shorter secrets are not searched for. */
const minLength = 6;

/**
 * The secrets that the environment and `.env` hold, whether the pipeline uses them or not: values of variables with the name
 * of a secret, and passwords in URLs. The code of plugins may read any of them, and tell what it read in an error.
 */
export function environmentSecrets({ all }: Pick<Variables, 'all'>): readonly string[] {
  const found = Object.entries(all).flatMap(([name, text = '']) =>
    isSecretName(name) ? [text, ...secretsInUrls(text)] : secretsInUrls(text),
  );
  return found.filter((secret) => secret.length >= minLength);
}

/** The text without the secrets of the environment. */
export function withoutSecrets(text: string, variables: Pick<Variables, 'all'>): string {
  return hiding(environmentSecrets(variables))(text);
}
