export type LogLevel = 'info' | 'warn' | 'error';
export type LogFields = { readonly [field: string]: unknown };

/**
 * Writes one line of JSON to the log: the level, the name of the event and fields that identify it. No field may hold a
 * token, a body or a query string. The text of an error may appear here and nowhere else.
 */
export function writeLog(level: LogLevel, event: string, fields: LogFields = {}): void {
  const line = JSON.stringify({ level, event, ...fields });
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

/** The text of an error, for the log only. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
