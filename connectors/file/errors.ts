import { errorText, FdpError } from '../../src/errors.ts';

/** Classifies a failed file operation: a full or busy disk is retried, the rest is for a person. */
export function fileError(name: string, path: string, cause: unknown): FdpError {
  if (cause instanceof FdpError) return cause;
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new FdpError('FDP_DISK_FULL', `${name}: no space left for ${path}: free some space`, { cause });
    case 'ENOENT':
      return refused(`${name}: there is no file ${path}: check \`path\``, cause);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return refused(`${name}: no permission for ${path}: change its permissions or \`path\``, cause);
    case 'EISDIR':
      return refused(`${name}: ${path} is a folder, expected a file: check \`path\``, cause);
    default:
      return new FdpError('FDP_UNAVAILABLE', `${name}: ${path}: ${errorText(cause)}`, { cause });
  }
}

function refused(text: string, cause: unknown): FdpError {
  return new FdpError('FDP_REFUSED', text, { cause });
}
