import { FileSink } from '../../../connectors/file/sink.ts';
import { FdpError } from '../../../src/errors.ts';
import { toMessage } from '../../../src/kit/message.ts';
import { roleContext } from '../../../src/testing/environment.ts';
import { sourceMessage } from '../engine/operators.ts';

// A process of its own, because the file size limit applies to a process. Writes batches of 30 lines until there is no
// space, tries again, then writes one short line.

const sink = new FileSink(roleContext(), { name: 'full', path: process.argv[2] ?? '', fsync: true });
const codes: string[] = [];
let written = 0;

async function write(lines: number): Promise<boolean> {
  const messages = Array.from({ length: lines }, () =>
    toMessage(sourceMessage({ batch: written, text: 'x'.repeat(70) }), undefined),
  );
  try {
    await sink.write(messages);
    return true;
  } catch (error) {
    codes.push(error instanceof FdpError ? error.code : String(error));
    return false;
  }
}

await sink.connect();
while (await write(30)) written++;
await write(30);
await write(1);
await sink.close();
process.stdout.write(JSON.stringify({ codes, written }));
