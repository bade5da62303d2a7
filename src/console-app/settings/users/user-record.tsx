import { Link, useNavigate } from '@tanstack/react-router';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CopiedText } from '../../records/copied-text.tsx';
import { CheckField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { SignInLink } from './sign-in-link.tsx';
import { UserTokens } from './user-tokens.tsx';

/** All about one user. `path`: of the user. */
export function UserRecord({ path, user }: { path: string; user: UserAccountResource }) {
  const { session } = useDesk();
  return (
    <>
      <UserForm path={path} user={user} />
      {user.is_bot ? null : <SignInLink path={path} user={user} />}
      <UserTokens path={path} user={user} />
      {session.scopes.includes('settings') ? (
        <RecordPart title="History">
          <p>
            <Link to="/settings/$section/$id" params={{ section: 'audit-log', id: user.id }}>
              What happened to <bdi>{user.full_name}</bdi>
            </Link>
          </p>
        </RecordPart>
      ) : null}
      <RecordPart title="For programs">
        <p>
          <CopiedText text={user.id} what="the user’s ID" />
        </p>
      </RecordPart>
      <DeleteUser path={path} user={user} />
    </>
  );
}

/** Texts that may be missing. The hub has null for those. */
const TEXTS = ['alias', 'email', 'title', 'phone', 'extension', 'did'] as const;

function UserForm({ path, user }: { path: string; user: UserAccountResource }) {
  const readAgain = useReadAgain();
  const texts = Object.fromEntries(TEXTS.map((name) => [name, user[name] ?? ''])) as Record<
    (typeof TEXTS)[number],
    string
  >;
  const form = useForm({
    initial: {
      ...texts,
      first_name: user.first_name,
      last_name: user.last_name,
      is_online_enabled: user.is_online_enabled,
    },
    save: (_, changes) =>
      call<UserAccountResource>(path, {
        method: 'PATCH',
        body: Object.fromEntries(
          Object.entries(changes).map(([name, value]) => [
            name,
            value === '' && TEXTS.some((text) => text === name) ? null : value,
          ]),
        ),
      }),
    onSaved: () => readAgain(collectionOf(path)),
  });
  return (
    <RecordForm form={form} save="Save">
      <TextField label="First name" isRequired {...form.bind('first_name')} />
      <TextField label="Last name" {...form.bind('last_name')} />
      <TextField label="Name for visitors" hint="In place of both names." {...form.bind('alias')} />
      {user.is_bot ? null : <TextField label="Email" type="email" {...form.bind('email')} />}
      <TextField label="Title" {...form.bind('title')} />
      <TextField label="Phone" {...form.bind('phone')} />
      <TextField label="Extension" hint="By which a telephone system names them." {...form.bind('extension')} />
      <TextField label="Direct number" {...form.bind('did')} />
      <CheckField
        label="Visitors may see that they are there"
        hint="Chats reach them all the same."
        {...form.bind('is_online_enabled')}
      />
    </RecordForm>
  );
}

function DeleteUser({ path, user }: { path: string; user: UserAccountResource }) {
  const { userId } = useDesk();
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Delete">
      {user.id === userId ? (
        <p className="muted">You cannot delete yourself. A colleague with your rights can.</p>
      ) : (
        <>
          <p className="muted">
            They are signed out everywhere, and their tokens stop. What they have written stays. Chats that only they
            answer wait again.
          </p>
          <p>
            <ConfirmButton
              label="Delete the user"
              title={`Delete ${user.full_name}?`}
              confirm="Delete"
              onConfirm={() => call(path, { method: 'DELETE' })}
              onDone={async () => {
                await navigate({ to: '/settings/$section', params: { section: 'users' } });
                await readAgain(collectionOf(path));
              }}
            >
              Nobody can bring them back. Programs that use a token of theirs stop working.
            </ConfirmButton>
          </p>
        </>
      )}
    </RecordPart>
  );
}

const collectionOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
