import { templateNames } from '../../src/kit/template.ts';

/** The longest name, characters. */
const maxLength = 100;
/** Names that Windows keeps for devices, with any ending. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * A file name that is safe on every system, of a template and the parameters of a request: letters, digits and `. - _ ^ = & +`;
 * every other character, a separator of folders above all, becomes `_`.
 */
export function fileName(template: string, parameters: Readonly<Record<string, unknown>>, ending: string): string {
  let text = template;
  for (const name of templateNames(template)) text = text.replace(`{${name}}`, () => String(parameters[name] ?? ''));
  const safe = text.replace(/[^\p{L}\p{N}.^=&+_-]/gu, '_').replace(/^[.-]+/, '_');
  const stem = [...safe].slice(0, maxLength).join('');
  return `${stem === '' || device.test(stem) ? `_${stem}` : stem}.${ending}`;
}

/** The header Content-Disposition that saves a reply under a name (RFC 6266). */
export function attachment(name: string): string {
  const plain = name.replace(/[^ -~]/g, '_');
  const exact = plain === name ? '' : `; filename*=UTF-8''${encodeURIComponent(name)}`;
  return `attachment; filename="${plain}"${exact}`;
}
