/** UUIDs version 7 (RFC 9562): 48 bits of milliseconds, then 74 bits that the caller chooses. Lower case, dashed. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in the form that the hub writes: lower case with dashes. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The 74 free bits of a UUID version 7, in its two parts: 12 bits and 62 bits. */
export type Tail = { high12: number; low62: bigint };

/** The UUID version 7 of a time (ms since 1970) and 74 further bits. */
export function uuidVersion7(at: number, tail: Tail): string {
  const time = at.toString(16).padStart(12, '0');
  const variant = (0b10n << 62n) | tail.low62;
  const low = variant.toString(16).padStart(16, '0');
  const version = (0x7000 | tail.high12).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${low.slice(0, 4)}-${low.slice(4)}`;
}

/** The parts of a UUID version 7; null when the text is not one. */
export function parseUuidVersion7(id: string): { at: number; tail: Tail } | null {
  if (!isUuid(id) || id[14] !== '7' || !'89ab'.includes(id[19] ?? '')) return null;
  const hex = id.replaceAll('-', '');
  return {
    at: Number.parseInt(hex.slice(0, 12), 16),
    tail: {
      high12: Number.parseInt(hex.slice(13, 16), 16),
      low62: BigInt(`0x${hex.slice(16)}`) & ((1n << 62n) - 1n),
    },
  };
}

/** A new random UUID version 7 with the time `at` (ms). */
export function newUuid(at: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const view = new DataView(bytes.buffer);
  return uuidVersion7(at, { high12: view.getUint16(0) & 0xfff, low62: view.getBigUint64(2) & ((1n << 62n) - 1n) });
}

/** The time of a UUID version 7 (ms since 1970). */
export function timeOfUuid(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The lowest UUID version 7 of a time (ms). It bounds "created since", because ids sort by time. */
export function firstUuidAt(at: number): string {
  return uuidVersion7(Math.max(0, at), { high12: 0, low62: 0n });
}
