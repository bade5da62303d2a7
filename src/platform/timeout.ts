/** The value of the promise, or null when it has not settled within `milliseconds`. Rejects as the promise does. */
export async function withinTime<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), milliseconds);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

/**
 * Whether the promise settles within `milliseconds`, either way. Never rejects; the caller handles the promise's own
 * rejection.
 */
export async function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return (await withinTime(settled, milliseconds)) ?? false;
}
