import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipelineCopy } from './pipeline-copy.ts';

/** The shipped pipeline at full speed, without retention in log and store. Returns the path for `--pipeline`. */
export function fullSpeed(folder: string): string {
  const path = pipelineCopy(folder, ['rate: 50/s', 'rate: max']);
  const overlay = join(dirname(path), 'config', 'embedded.yml');
  const log = 'path: "${' + 'FDP_DATA:-data}/log.db"';
  const yaml = readFileSync(overlay, 'utf8').replace('max_size: 2GiB', 'max_size: 100GiB');
  writeFileSync(overlay, yaml.replace(log, `${log}, max_size: 100GiB`));
  return path;
}
