/**
 * The `Access-Control-Allow-Origin` for a page of `origin`, by the setting CORS_ORIGINS. Null when the page may not
 * read the answer.
 */
export function allowedOrigin(origin: string, setting: string): string | null {
  const allowed = setting.split(',').map((each) => each.trim().replace(/\/+$/, ''));
  if (allowed.includes('*')) return '*';
  return origin !== '' && allowed.includes(origin) ? origin : null;
}
