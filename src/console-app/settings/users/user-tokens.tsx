import { useState } from 'react';
import type { tokenResource } from '../../../resources/token.ts';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { useMinute } from '../../desk/ticks.ts';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CheckField } from '../../records/fields.tsx';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { ShownOnce } from '../../records/shown-once.tsx';
import { scopesInWords } from '../../words/scopes.ts';
import { wholeTimeOf } from '../../words/times.ts';
import { EndSession } from './end-session.tsx';
import { type CreatedToken, NewTokenDialog } from './new-token.tsx';

type Token = ReturnType<typeof tokenResource<string>>;

/** What acts as a user: sessions of browsers, and tokens of programs. */
export function UserTokens({ path, user }: { path: string; user: UserAccountResource }) {
  const { session } = useDesk();
  const tokensPath = `${path}/tokens`;
  const tokens = useCollection<Token>(`${tokensPath}?page_size=200`);
  const [withEnded, setWithEnded] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<CreatedToken | null>(null);
  const readAgain = useReadAgain();
  const now = useMinute();
  const shown = withEnded ? tokens.items : tokens.items.filter((token) => endOf(token, now) === null);

  function created(token: CreatedToken): void {
    setOpen(false);
    setMade(token);
    readAgain(tokensPath).catch(console.error);
  }

  return (
    <RecordPart
      title="Sessions and tokens"
      about={`What is signed in as ${user.full_name}: browsers by sessions, programs by tokens.`}
      actions={
        <button type="button" className="button" onClick={() => setOpen(true)}>
          New token
        </button>
      }
    >
      {made === null ? null : (
        <ShownOnce title="The new token" text={made.token} what="the token" onClose={() => setMade(null)}>
          Give it to the program that acts as <bdi>{user.full_name}</bdi>. It goes with each request, as{' '}
          <code>Authorization: Token …</code> Nobody can look it up later: if it is lost, revoke it and make another.
        </ShownOnce>
      )}
      <CheckField label="Show ended ones" value={withEnded} onValue={setWithEnded} problem={undefined} />
      <RecordTable
        caption="Sessions and tokens"
        collection={{ ...tokens, items: shown }}
        keyOf={({ id }) => id}
        empty="Nothing is signed in as them."
        columns={[
          {
            name: 'What',
            cell: ({ id, label, is_session }) => (
              <>
                {is_session ? `Session in ${label}` : label === '' ? 'Token without a name' : label}
                {id === session.token_id ? <span className="muted"> this browser</span> : null}
              </>
            ),
          },
          { name: 'May do', cell: ({ scopes }) => scopesInWords(scopes) },
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
          {
            name: 'Ends',
            cell: (token) =>
              endOf(token, now) ?? (token.expires_at === null ? 'When it is revoked' : wholeTimeOf(token.expires_at)),
          },
          {
            name: 'Actions',
            cell: (token) => {
              if (endOf(token, now) !== null) return null;
              const about = { path: `${tokensPath}/${token.id}`, onDone: () => readAgain(tokensPath) };
              return token.is_session ? (
                <EndSession {...about} isThis={token.id === session.token_id} />
              ) : (
                <RevokeToken {...about} label={token.label} />
              );
            },
          },
        ]}
      />
      {isOpen ? <NewTokenDialog path={tokensPath} onMade={created} onClose={() => setOpen(false)} /> : null}
    </RecordPart>
  );
}

/** How a token has ended, in words; null for one that works. `now` in ms. */
function endOf({ revoked_at, expires_at }: Token, now: number): string | null {
  if (revoked_at !== null) return `Revoked ${wholeTimeOf(revoked_at)}`;
  return expires_at !== null && Date.parse(expires_at) <= now ? `Expired ${wholeTimeOf(expires_at)}` : null;
}

type RevokeProps = { path: string; label: string; onDone: () => Promise<void> };

function RevokeToken({ path, label, onDone }: RevokeProps) {
  return (
    <ConfirmButton
      label="Revoke"
      isSmall
      title={`Revoke “${label}”?`}
      confirm="Revoke"
      onConfirm={() => call(path, { method: 'DELETE' })}
      onDone={() => onDone().catch(console.error)}
    >
      The program that has it is refused from then on, and sessions that began with it end. Nobody can bring it back.
    </ConfirmButton>
  );
}
