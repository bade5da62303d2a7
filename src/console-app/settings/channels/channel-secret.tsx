import { useState } from 'react';
import type { channelSecretResource } from '../../../resources/channel.ts';
import { call } from '../../hub/call.ts';
import { CopiedText } from '../../records/copied-text.tsx';
import { SelectField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { wholeTimeOf } from '../../words/times.ts';

type Secret = ReturnType<typeof channelSecretResource>;

/** The secret that signs the webhooks. It is read only when somebody asks for it: the audit log has each time. */
export function ChannelSecret({ path }: { path: string }) {
  const [secret, setSecret] = useState<Secret | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isRotating, setRotating] = useState(false);

  async function show(): Promise<void> {
    const answer = await call<Secret>(`${path}/secret`);
    if (answer.ok) setSecret(answer.body);
    setProblem(answer.ok ? null : answer.detail);
  }

  return (
    <>
      {secret === null ? null : (
        <p role="status">
          <CopiedText text={secret.secret} what="the secret" />
          {secret.previous_secret_expires_at === null ? null : (
            <span className="muted">
              {' '}
              The secret before it signs too, until {wholeTimeOf(secret.previous_secret_expires_at)}.
            </span>
          )}
        </p>
      )}
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <p className="record-actions">
        {secret === null ? (
          <button type="button" className="button" onClick={() => show().catch(console.error)}>
            Show the secret
          </button>
        ) : (
          <button type="button" className="button" onClick={() => setSecret(null)}>
            Hide the secret
          </button>
        )}
        <button type="button" className="button" onClick={() => setRotating(true)}>
          New secret…
        </button>
      </p>
      {isRotating ? (
        <RotateDialog
          path={path}
          onClose={() => setRotating(false)}
          onSecret={(made) => {
            setRotating(false);
            setProblem(null);
            setSecret(made);
          }}
        />
      ) : null}
    </>
  );
}

const GRACES = [
  { value: '86400', label: 'A day' },
  { value: '3600', label: 'An hour' },
  { value: '604800', label: 'A week' },
  { value: '0', label: 'Not at all: it has leaked' },
] as const;

type Grace = (typeof GRACES)[number]['value'];

type DialogProps = { path: string; onClose: () => void; onSecret: (secret: Secret) => void };

function RotateDialog({ path, onClose, onSecret }: DialogProps) {
  // A repeat with the same key makes no other secret, so a lost answer costs nothing.
  const [key] = useState(() => crypto.randomUUID());
  const form = useForm({
    initial: { grace_seconds: '86400' as Grace },
    save: ({ grace_seconds }) =>
      call<Secret>(`${path}/secret/rotate`, {
        method: 'POST',
        body: { grace_seconds: Number(grace_seconds) },
        idempotencyKey: `${key}-${grace_seconds}`,
      }),
    onSaved: onSecret,
  });
  return (
    <FormDialog title="New secret" form={form} save="Make a new secret" isOpen onOpen={onClose}>
      <SelectField
        label="The present secret goes on for"
        hint="So long each webhook has two signatures, one of each secret: give your program the new one within this time. After it, programs that know only the old secret refuse the webhooks."
        choices={GRACES}
        {...form.bind('grace_seconds')}
      />
    </FormDialog>
  );
}
