const canonical = /^(?:0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d*[1-9])?)$/;
const numeric = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,4}))?$/;
/** The longest decimal text that is kept; 1e308 and 5e-324 written out stay well below. */
const maxDigits = 400;

/**
 * The canonical text of a decimal: plain digits, never an exponent, no redundant zeros, no `-0`. A number is
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

/** The digits that every store keeps of a decimal that it adds to: those of a Decimal128. */
export const sumDigits = 34;
const sumLimit = 10n ** BigInt(sumDigits);

/** An exact decimal: `units` of ten to the power of minus `scale`. A number is an integer within 2^53. */
export interface Decimal {
  readonly units: bigint | number;
  readonly scale: number;
}

/** Texts up to this length have fewer digits than a double holds exactly: these are counted many times faster. */
const maxShort = 15;
const powers = Array.from({ length: maxShort + 1 }, (_, scale) => 10 ** scale);

/** The decimal that a canonical text writes. */
export function parseDecimal(text: string): Decimal {
  const point = text.indexOf('.');
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  const scale = point < 0 ? 0 : text.length - point - 1;
  return { units: text.length <= maxShort ? Number(digits) : BigInt(digits), scale };
}

/** The canonical text of a decimal. */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = String(units < 0 ? -units : units).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const fraction = scale === 0 ? '' : digits.slice(point).replace(/0+$/, '');
  const text = fraction ? `${digits.slice(0, point)}.${fraction}` : digits.slice(0, point);
  return units < 0 ? `-${text}` : text;
}

/** The exact sum. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const left = unitsOf(a, scale);
  const right = unitsOf(b, scale);
  if (typeof left === 'number' && typeof right === 'number') {
    const units = left + right;
    if (Number.isSafeInteger(units)) return { units, scale };
  }
  return { units: BigInt(left) + BigInt(right), scale };
}

/** The units of a decimal at a finer scale. */
function unitsOf({ units, scale }: Decimal, finer: number): bigint | number {
  if (finer === scale) return units;
  if (typeof units === 'number') {
    const more = units * (powers[finer - scale] ?? Number.POSITIVE_INFINITY);
    if (Number.isSafeInteger(more)) return more;
  }
  return BigInt(units) * 10n ** BigInt(finer - scale);
}

/** Below 0 when `a` is less than `b`, above when it is more, 0 when they are equal. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const { units } = addDecimals(a, { units: -b.units, scale: b.scale });
  return units < 0 ? -1 : units > 0 ? 1 : 0;
}

/** Whether every store keeps all digits of a decimal; leading and trailing zeros don't count. */
export function fitsStores({ units, scale }: Decimal): boolean {
  if (units < sumLimit && units > -sumLimit) return true;
  const text = formatDecimal({ units, scale });
  return text.length <= maxDigits && text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length <= sumDigits;
}
