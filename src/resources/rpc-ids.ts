/**
 * Ids as JSON-RPC has them: an organization or a user is 20 digits, which are 1 and its number (directory/numbers.ts).
 */

const DIGITS = 19;
const NUMERIC_ID = new RegExp(`^1(\\d{${DIGITS}})$`);

/** The id of the organization or user with a number. */
export function numericId(number: number): string {
  return `1${String(number).padStart(DIGITS, '0')}`;
}

/** The number in such an id; null for any other text. */
export function numberOfId(text: string): number | null {
  const [, digits] = NUMERIC_ID.exec(text) ?? [];
  const number = digits === undefined ? null : Number(digits);
  return number === null || !Number.isSafeInteger(number) || number === 0 ? null : number;
}
