/** A count of a `Server-Timing` header, such as the `trips` of `d1`; 0 when it is not there. */
export function counted(serverTiming: string, part: 'd1' | 'thread', name: string): number {
  const description = new RegExp(`${part};desc="([^"]*)"`).exec(serverTiming)?.[1] ?? '';
  const value = new RegExp(`(?:^|;)${name}=([\\d.]+)`).exec(description)?.[1];
  return value === undefined ? 0 : Number(value);
}
