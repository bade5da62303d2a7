/** What became of an upload: the id of the file, or why there is none, in words. */
export type Uploaded = { readonly ok: true; readonly fileId: string } | { readonly ok: false; readonly reason: string };

/** Largest file in bytes (docs/files.md). */
export const LARGEST_FILE = 26_214_400;

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** How large a file is: 812 bytes, 48 kB, 1.2 MB. */
export function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${NUMBER.format(bytes / 1_000_000)} MB`;
}

/** What kind of file it is, short: PDF, PNG. Empty when nothing says it. */
export function kindOf({ name, content_type }: { name: string; content_type: string }): string {
  const extension =
    /\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? /^(?:image|audio|video)\/([a-z0-9]+)/.exec(content_type)?.[1];
  return extension?.toUpperCase() ?? '';
}

/** Whether the address of a file, which the hub signs for a while, is of no use any more. `now` in ms. */
export function hasExpired(url: string, now: number): boolean {
  const expires = Number(/[?&]expires=(\d+)/.exec(url)?.[1] ?? Number.NaN);
  return Number.isFinite(expires) && expires * 1000 <= now;
}
