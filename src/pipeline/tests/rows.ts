import { suggestion } from '../../kit/names.ts';
import type { Problems } from '../problem.ts';
import { asMap, type Tree } from '../read/tree.ts';
import type { ConnectorSpec } from '../spec.ts';

interface Told {
  readonly subject: string;
  readonly problems: Problems;
}

/** Reports fields of rows that their table does not have; a table that declares none, and whatever is no table, has any. */
export function checkRows(rows: readonly Tree[], holder: ConnectorSpec | undefined, { subject, problems }: Told): void {
  if (holder?.declaration?.twin !== 'table' || !holder.valid) return;
  const { fields } = holder.options as { readonly fields?: Readonly<Record<string, string>> };
  if (!fields) return;
  for (const [at, row] of rows.entries())
    for (const [name, { key }] of asMap(row)?.entries ?? [])
      if (!Object.hasOwn(fields, name))
        problems.add(key, `"${holder.name}" has no field "${name}"`, {
          subject: `${subject}[${at}]`,
          hint: () => suggestion(name, Object.keys(fields), 'fields'),
        });
}

/** Reports rows that lack the field by which their table tells them apart. */
export function checkUnique(rows: readonly Tree[], holder: ConnectorSpec, { subject, problems }: Told): void {
  const { unique } = (holder.valid ? holder.options : {}) as { readonly unique?: string };
  for (const [at, row] of rows.entries())
    if (unique !== undefined && asMap(row)?.entries.has(unique) === false)
      problems.add(row.at, `lacks "${unique}", which tells the rows of "${holder.name}" apart`, {
        subject: `${subject}[${at}]`,
      });
}
