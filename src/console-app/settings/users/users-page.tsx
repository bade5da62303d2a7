import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { CheckField } from '../../records/fields.tsx';
import { useCollection, useRecord } from '../../records/read.ts';
import { RecordPage, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { NewUser } from './new-user.tsx';
import { UserRecord } from './user-record.tsx';

/** How often (ms) presence and numbers of chats are read again. */
const REFRESH = 60_000;

/** The users, or one of them. */
export default function UsersPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/users`;
  return id === null ? <UserList path={path} /> : <OneUser path={`${path}/${id}`} />;
}

function UserList({ path }: { path: string }) {
  const [withDeleted, setWithDeleted] = useState(false);
  const users = useCollection<UserAccountResource>(withDeleted ? `${path}?include_deleted=true` : path, {
    every: REFRESH,
  });
  return (
    <RecordPage
      title="Users"
      about="People, and programs that write as bots. A person signs in with a link that you make for them."
      actions={<NewUser path={path} />}
    >
      <CheckField label="Show deleted ones" value={withDeleted} onValue={setWithDeleted} problem={undefined} />
      <RecordTable
        caption="Users"
        collection={users}
        keyOf={({ id }) => id}
        empty="There is nobody yet."
        columns={[
          {
            name: 'Name',
            cell: ({ id, full_name, is_deleted, is_bot }) => (
              <>
                {is_deleted ? (
                  <bdi>{full_name}</bdi>
                ) : (
                  <Link to="/settings/$section/$id" params={{ section: 'users', id }}>
                    {full_name}
                  </Link>
                )}
                {is_bot ? <span className="muted"> bot</span> : null}
              </>
            ),
          },
          { name: 'Email', cell: ({ email }) => email },
          { name: 'State', cell: (user) => <UserState user={user} /> },
          { name: 'Chats now', cell: ({ current_chat_count }) => current_chat_count, isNumber: true },
        ]}
      />
    </RecordPage>
  );
}

function UserState({ user: { is_deleted, is_present } }: { user: UserAccountResource }) {
  if (is_deleted) return <span className="muted">Deleted</span>;
  return is_present ? <span className="state is-good">Available</span> : <span className="muted">Away</span>;
}

function OneUser({ path }: { path: string }) {
  const read = useRecord<UserAccountResource>(path);
  const back = (
    <Link to="/settings/$section" params={{ section: 'users' }}>
      Users
    </Link>
  );
  return (
    <RecordPage title={read.resource?.full_name ?? 'User'} back={back}>
      <WithRecord read={read} missing="There is no such user, or they were deleted.">
        {(user) => <UserRecord path={path} user={user} />}
      </WithRecord>
    </RecordPage>
  );
}
