/** A trigger URL with further parameters; the query that it has stays as it is. */
export function withParameters(text: string, parameters: URLSearchParams): string {
  const url = new URL(text);
  const own = url.search.slice(1);
  url.search = own === '' ? `${parameters}` : `${own}&${parameters}`;
  return url.href;
}
