const canonical = /^(?:0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d*[1-9])?)$/;
const numeric = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,4}))?$/;
/** The longest decimal text that is kept; 1e308 and 5e-324 written out stay well below. */
const maxDigits = 400;

/**
 * The canonical text of a decimal: plain digits, never an exponent, no zeros that say nothing, no `-0`. A number is
 * taken at the shortest text that gives the same double. Undefined when it is no finite number.
 */
export function decimalText(value: number | string): string | undefined {
  if (typeof value === 'number' && isShort(value)) return value === 0 ? '0' : String(value);
  if (typeof value === 'string' && value.length <= maxDigits && canonical.test(value)) return value;
  const [, sign, digits, exponent] = numeric.exec(String(value)) ?? [];
  if (digits === undefined) return undefined;
  const [whole = '', fraction = ''] = digits.split('.');
  const point = whole.length + Number(exponent ?? 0);
  if (Math.abs(point) > maxDigits || digits.length > maxDigits) return undefined;
  const all = whole + fraction;
  const before = all.slice(0, Math.max(0, point)).padEnd(Math.max(0, point), '0').replace(/^0+/, '') || '0';
  const after = ('0'.repeat(Math.max(0, -point)) + all.slice(Math.max(0, point))).replace(/0+$/, '');
  const text = after ? `${before}.${after}` : before;
  return sign === '-' && text !== '0' ? `-${text}` : text;
}

/** Written without an exponent. */
function isShort(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= 1e-6 && size < 1e21);
}
