export type LogLevel = 'info' | 'warn' | 'error';
export type LogFields = { readonly [field: string]: unknown };

/**
 * Writes one line of JSON to the log: its level, the name of what happened and what identifies it. Fields never hold a token,
 * a body or a query string; an error's text may stand here, but nowhere else.
 */
export function writeLog(level: LogLevel, event: string, fields: LogFields = {}): void {
  const line = JSON.stringify({ level, event, ...fields });
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

/** The text of an accident, for the log only. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
