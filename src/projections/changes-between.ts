/**
 * The attributes of a resource that differ from those that it had, with their present values; null when none do (seed 003: the payload
 * of a change contains only the changed fields). Both have the same keys.
 */
export function changesBetween(before: object, after: object): object | null {
  const old = before as { readonly [key: string]: unknown };
  const changed = Object.entries(after).filter(([key, value]) => !isSame(old[key], value));
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

/** Resources are JSON, made by the same function: the same nested value has the same text. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  const areObjects = typeof one === 'object' && typeof other === 'object' && one !== null && other !== null;
  return areObjects && JSON.stringify(one) === JSON.stringify(other);
}
