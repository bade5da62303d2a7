import { CopiedText } from '../../records/copied-text.tsx';
import { RecordPart } from '../../records/record-page.tsx';

/** How a program sends messages through the channel. */
export function Sending({ path }: { path: string }) {
  return (
    <RecordPart
      title="Sending"
      about="Your program posts what customers write. A new thread opens a chat; an ended one opens the next chat of the same visitor."
    >
      <CopiedText text={curlOf(`${location.origin}${path}/messages`)} what="the example" isLong />
      <p className="muted">
        TOKEN is an access token with the right to settings: it is made on the page of a user, and shown once. All
        fields are in the{' '}
        <a href="/docs" target="_blank" rel="noreferrer">
          reference of the API
        </a>
        .
      </p>
    </RecordPart>
  );
}

/** A command that sends a first message. */
export function curlOf(url: string): string {
  const message = { thread_id: 'ticket-1', message_id: 'mail-1', sender_id: 'jane@example.com', body: 'Hello!' };
  const body = JSON.stringify({ messages: [message], variables: { username: 'Jane Doe' } });
  return [
    `curl ${url} \\`,
    '  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ].join('\n');
}
