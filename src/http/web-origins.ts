/** What a page of `origin` is answered by the setting CORS_ORIGINS; null when it may not read the answer. */
export function allowedOrigin(origin: string, setting: string): string | null {
  const allowed = setting.split(',').map((each) => each.trim().replace(/\/+$/, ''));
  if (allowed.includes('*')) return '*';
  return origin !== '' && allowed.includes(origin) ? origin : null;
}
