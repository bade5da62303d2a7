/** Stands in for `cloudflare:workers` in plain Node, for tests of code that only imports it. */
export function waitUntil(): never {
  throw new Error('there is no request to wait for');
}
