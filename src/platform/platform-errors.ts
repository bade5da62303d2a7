/** Marks that the platform sets on errors of calls to objects. */
type Marks = { retryable?: unknown; durableObjectReset?: unknown; overloaded?: unknown };

function marksOf(error: unknown): Marks {
  return typeof error === 'object' && error !== null ? error : {};
}

/**
 * Whether a call to an object may succeed at once with a new stub: the object went away (a reset, a new deployment). An
 * overloaded object must not be called again.
 */
export function isRetryable(error: unknown): boolean {
  const { retryable, durableObjectReset, overloaded } = marksOf(error);
  return (retryable === true || durableObjectReset === true) && overloaded !== true;
}

/**
 * Whether the same request may succeed a moment later: an object was reset or has too much to do, or D1 could not be
 * reached. An error that SQLite itself reports is our own mistake and is not among them.
 */
export function isTemporary(error: Error): boolean {
  if (isRetryable(error) || marksOf(error).overloaded === true) return true;
  return error.message.startsWith('D1_ERROR') && !error.message.includes('SQLITE_');
}
