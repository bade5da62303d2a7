/** What makes the signature of a webhook: the body, and the headers that are signed. */
export type Signed = {
  /** Of the webhook: the header `webhook-id`. */
  readonly id: string;
  readonly body: string;
  /** Secrets of channels are bytes in base64 behind `whsec_`, those of apps are text. */
  readonly secret: 'whsec' | 'text';
};

/** The header `webhook-timestamp` of an attempt: whole seconds since 1970. `at`: its time, ISO. */
export const timestampOf = (at: string): number => Math.floor(Date.parse(at) / 1000);

/** A program for Node that computes the signature, to be compared with the one that a receiver has got. */
export function nodeSnippet({ id, body, secret }: Signed, timestamp: number): string {
  const key =
    secret === 'whsec'
      ? "Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64')"
      : "Buffer.from(process.env.WEBHOOK_SECRET, 'utf8')";
  return `// WEBHOOK_SECRET=… node verify.mjs
import { createHmac } from 'node:crypto';

const id = ${JSON.stringify(id)}; // the header webhook-id
const timestamp = ${timestamp}; // the header webhook-timestamp, new at each attempt
const body = ${JSON.stringify(body)};
const key = ${key};
const signature = createHmac('sha256', key).update(\`\${id}.\${timestamp}.\${body}\`).digest('base64');
process.stdout.write(\`v1,\${signature}\\n\`); // one of those in the header webhook-signature
`;
}

/** A script that sends the webhook to a receiver of one's own, signed like an attempt of the hub that is made now. */
export function curlSnippet({ id, body, secret }: Signed): string {
  // In a shell, `${NAME#whsec_}` is a variable without this beginning.
  const key = secret === 'whsec' ? `printf %s "\${WEBHOOK_SECRET#whsec_}" | base64 -d` : 'printf %s "$WEBHOOK_SECRET"';
  return `# WEBHOOK_SECRET=… RECEIVER=http://localhost:9000 sh send.sh
BODY=${inQuotes(body)}
TIMESTAMP=$(date +%s)
KEY=$(${key} | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf %s "${id}.$TIMESTAMP.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64)
curl -sS -i "$RECEIVER" -H 'content-type: application/json' \\
  -H 'webhook-id: ${id}' -H "webhook-timestamp: $TIMESTAMP" \\
  -H "webhook-signature: v1,$SIGNATURE" --data-binary "$BODY"
`;
}

/** The text as one word of a shell, whatever is in it. */
function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
