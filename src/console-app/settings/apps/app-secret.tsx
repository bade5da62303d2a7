import { useState } from 'react';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { ShownOnce } from '../../records/shown-once.tsx';

export const SECRET_WORDS =
  'It is shown only now. The app checks the signatures of its webhooks with it, and gets tokens for it. If it is lost, make a new one.';

/** The secret of an app: it cannot be seen again, but replaced. */
export function AppSecret({ path }: { path: string }) {
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <RecordPart title="Secret" about="The app checks the signatures of its webhooks with it, and gets tokens for it.">
      <p>
        <ConfirmButton
          label="Make a new secret"
          title="Make a new secret?"
          confirm="Make it"
          onConfirm={async () => {
            const answer = await call<{ secret: string }>(`${path}/secret/rotate`, { method: 'POST' });
            if (answer.ok) setSecret(answer.body.secret);
            return answer;
          }}
        >
          The old one stops working at once: until the app has the new one, it refuses its webhooks and cannot get
          tokens. Tokens that it has end.
        </ConfirmButton>
      </p>
      {secret === null ? null : (
        <ShownOnce title="The new secret of the app" text={secret} what="the secret" onClose={() => setSecret(null)}>
          {SECRET_WORDS}
        </ShownOnce>
      )}
    </RecordPart>
  );
}
