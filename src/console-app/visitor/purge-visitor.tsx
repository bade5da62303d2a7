import { useState } from 'react';
import { call } from '../hub/call.ts';
import { ConfirmButton } from '../records/confirm-button.tsx';

type Props = { name: string; purge: { path: string; body: object } };

/** Erases what the hub has of a visitor, because they have asked for it. */
export function PurgeVisitor({ name, purge: { path, body } }: Props) {
  const [isAsked, setAsked] = useState(false);
  return (
    <p>
      <ConfirmButton
        label="Erase the visitor"
        isSmall
        title={`Erase all about ${name}?`}
        confirm="Erase for ever"
        onConfirm={() => call(path, { method: 'POST', body })}
        onDone={() => setAsked(true)}
      >
        Their open chats end. Their messages, name, variables and files are deleted in all rooms. Nobody can bring them
        back.
      </ConfirmButton>{' '}
      <span className="muted" role="status">
        {isAsked ? 'It goes on. “Privacy” in the settings says when it is done.' : ''}
      </span>
    </p>
  );
}
