/** The Worker's log for a terminal: a short line for each line of JSON. */

type Fields = { readonly [name: string]: unknown };

/** A short form of a line of the Worker's log. Any other line is unchanged. */
export function shortLogLine(line: string): string {
  const fields = parse(line);
  if (fields === null) return line;
  const { level, event, ...rest } = fields;
  switch (event) {
    case 'request':
      return `${rest['method']} ${rest['route'] ?? '(no such route)'} ${rest['status']} ${rest['duration_ms']} ms`;
    case 'delivery.attempt_failed':
      return `webhook failed: ${failure(rest)}; ${retry(rest['retry_in_seconds'])}`;
    case 'delivery.exhausted':
      return `webhook given up: ${failure(rest)}; it can be replayed when the receiver is back (docs/webhooks.md)`;
    case 'request_failed':
      return `error: ${rest['method']} ${rest['route'] ?? '(no such route)'}: ${stackOf(rest['error'])}`;
    default:
      return [`${level}:`, event, ...Object.entries(rest).map(pair)].join(' ');
  }
}

/** `channel/… attempt 2: connection failed`. */
function failure({ receiver, attempt, status, error }: Fields): string {
  return `${receiver}, attempt ${attempt}: ${error ?? `status ${status}`}`;
}

function retry(seconds: unknown): string {
  return typeof seconds === 'number' ? `again in ${seconds} s` : 'it will be tried again';
}

function stackOf(error: unknown): string {
  const { name, message, stack } = (error ?? {}) as Fields;
  return typeof stack === 'string' ? stack : `${name}: ${message}`;
}

function pair([name, value]: [string, unknown]): string {
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

function parse(line: string): Fields | null {
  if (!line.startsWith('{')) return null;
  try {
    const fields = JSON.parse(line) as Fields;
    return typeof fields['event'] === 'string' ? fields : null;
  } catch {
    return null;
  }
}
