interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions of a Dockerfile, with continued lines joined and comments left out. */
export function instructionsOf(text: string): readonly Instruction[] {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^\s*(\S+)\s+(.*)$/.exec(line) ?? [];
    return { name: name.toUpperCase(), rest: rest.trim() };
  });
}

/** The instructions of the last stage, which becomes the image. */
export function lastStage(text: string): readonly Instruction[] {
  const all = instructionsOf(text);
  return all.slice(all.findLastIndex(({ name }) => name === 'FROM') + 1);
}

/** The variables that the last stage sets. */
export function imageEnvironment(text: string): Readonly<Record<string, string>> {
  const settings = lastStage(text).filter(({ name }) => name === 'ENV');
  return Object.fromEntries(
    settings.flatMap(({ rest }) =>
      [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  );
}

/** Files and folders of the checkout that are copied to the image, except dist/ and node_modules/. */
export function copiedFiles(text: string): readonly string[] {
  const copies = lastStage(text).filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'));
  return copies.flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
}

/** The command in exec form, after the instruction's flags. */
export function execForm(text: string, instruction: 'HEALTHCHECK' | 'ENTRYPOINT'): readonly string[] {
  const found = lastStage(text).find(({ name }) => name === instruction);
  return JSON.parse(found?.rest.slice(found.rest.indexOf('[')) ?? '[]') as string[];
}
