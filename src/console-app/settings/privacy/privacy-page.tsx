import type { purgeResource } from '../../../resources/purge.ts';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { useChoices, useCollection } from '../../records/read.ts';
import { RecordPage } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { NewPurge } from './new-purge.tsx';

type Purge = ReturnType<typeof purgeResource>;

/** How often (ms) the list is read again, since purges end by themselves. */
const REFRESH = 10_000;

/** What was purged because somebody asked for it, and a way to do so. */
export default function PrivacyPage() {
  const { session } = useDesk();
  const organization = `/api/v5/orgs/${session.organization_id}`;
  const purges = useCollection<Purge>(`${organization}/purges`, { every: REFRESH });
  const users = useChoices<UserAccountResource>(`${organization}/users?include_deleted=true`);
  const names = new Map(users.map(({ id, full_name }) => [id, full_name]));
  return (
    <RecordPage
      title="Privacy"
      about="When a customer asks you to erase what you have of them. Chats that are old enough are purged by themselves, if the page “Organization” says so."
      actions={<NewPurge organization={organization} />}
    >
      <RecordTable
        caption="Purges"
        collection={purges}
        keyOf={({ id }) => id}
        empty="Nothing was purged on request yet."
        columns={[
          { name: 'Asked for', cell: ({ created_at }) => wholeTimeOf(created_at) },
          { name: 'What', cell: whatOf },
          {
            name: 'By',
            cell: ({ requested_by_user_id }) =>
              requested_by_user_id === null ? 'The operator of the hub' : (names.get(requested_by_user_id) ?? 'A user'),
          },
          {
            name: 'State',
            cell: ({ finished_at }) =>
              finished_at === null ? (
                <span className="state is-warn">Goes on</span>
              ) : (
                <span className="state is-good">Done {wholeTimeOf(finished_at)}</span>
              ),
          },
        ]}
      />
    </RecordPage>
  );
}

function whatOf({ kind, visitor_id, chat_id, created_at_before }: Purge) {
  const before = created_at_before === null ? '' : ` before ${wholeTimeOf(created_at_before)}`;
  if (kind === 'thread') return 'A customer of a channel';
  return (
    <>
      {kind === 'visitor' ? 'A visitor' : `The messages of a chat${before}`} <code>{visitor_id ?? chat_id}</code>
    </>
  );
}
