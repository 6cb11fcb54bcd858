import type { Report, Shape, SpecScope } from '../../src/kit/declaration.ts';
import type { FileDescription, RouteDescription, RouteParameter } from '../../src/kit/request.ts';
import { type Columns, type TextFormat, textFormats } from '../../src/kit/row-text.ts';
import { templateNames } from '../../src/kit/template.ts';
import { unknownName } from './names.ts';

/** The format of a file that the parameter `format` chooses. */
export const fileFormats = '{format}';

interface FileOptions {
  readonly file: string;
  readonly format: string;
  readonly as?: string;
  readonly one?: boolean;
  readonly pagination?: boolean;
}

interface Context {
  readonly input: Shape;
  readonly report: Report;
  readonly scope: SpecScope;
}

/** Checks the options of a reply that is a file. */
export function checkFile({ as, one, pagination, file, format }: FileOptions, context: Context): void {
  const { input, report, scope } = context;
  if (as !== undefined || one || pagination)
    report(['file'], 'a file is neither a list, nor a page, nor one message', 'leave out `as`, `one` and `pagination`');
  if (input === undefined)
    report(['file'], 'nothing says which columns the file has', 'declare the fields of the table, or add a map');
  const { parameters = [] } = scope;
  const known = parameters.map(({ name }) => name);
  for (const name of templateNames(file)) {
    const { text, hint } = unknownName('parameter', name, known);
    if (!known.includes(name)) report(['file'], text, hint);
  }
  if (format === fileFormats && formatsOf(parameters).length === 0)
    report(
      ['format'],
      'the route has no parameter format',
      `declare it before: { format: { type: string, enum: [${textFormats.join(', ')}], default: csv } }`,
    );
  for (const other of enumOf(parameters).filter((each) => !isFormat(each)))
    if (format === fileFormats)
      report(['format'], `the parameter format may be ${other}, which is no format of a file`);
}

/** The file that a route replies with; its columns are the fields of the messages. */
export function fileDescription(
  { file, format }: Pick<FileOptions, 'file' | 'format'>,
  { parameters }: RouteDescription,
  input: Shape,
): FileDescription {
  const formats = isFormat(format) ? [format] : formatsOf(parameters);
  const columns: Columns = Object.entries(input ?? {}).filter(([field]) => field !== '_id');
  return { name: file, formats, columns };
}

function formatsOf(parameters: readonly RouteParameter[]): readonly TextFormat[] {
  return enumOf(parameters).filter(isFormat);
}

function enumOf(parameters: readonly RouteParameter[]): readonly unknown[] {
  const { enum: values } = parameters.find(({ name }) => name === 'format')?.schema ?? {};
  return Array.isArray(values) ? values : [];
}

function isFormat(value: unknown): value is TextFormat {
  return textFormats.some((format) => format === value);
}
