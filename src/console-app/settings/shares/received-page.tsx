import type { receivedShareResource } from '../../../resources/share.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CopiedText } from '../../records/copied-text.tsx';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { RecordPage, RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { ShareState } from './share-state.tsx';

type Received = ReturnType<typeof receivedShareResource>;

const WORDS = {
  rooms: {
    title: 'Rooms',
    about: 'Chats of a shared room reach your people where its owner’s routers name them.',
    accepts: 'Its owner’s routers may then name your people and teams, and chats of the room reach them.',
    leaves: 'Your people get no more chats of the room. They keep those in which they take part.',
  },
  teams: {
    title: 'Teams',
    about:
      'Your routers may name a shared team in rooms that you share with its owner, and your people may invite it to chats.',
    accepts: 'Your routers may then name it, and your people may invite it to chats.',
    leaves: 'Your routers no longer reach the team. Its members keep the chats in which they take part.',
  },
} as const;

/** What other organizations share with this one, or offer to it. */
export default function ReceivedPage() {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/received_shares`;
  return (
    <RecordPage
      title="Shared with us"
      about="Rooms and teams of other organizations. What is offered is not shared before you accept it."
    >
      <ReceivedPart kind="rooms" path={path} />
      <ReceivedPart kind="teams" path={path} />
      <RecordPart title="For partners" about="Who wants to share with you needs the ID of your organization.">
        <p>
          <CopiedText text={session.organization_id} what="the organization’s ID" />
        </p>
      </RecordPart>
    </RecordPage>
  );
}

type PartProps = { kind: keyof typeof WORDS; path: string };

function ReceivedPart({ kind, path }: PartProps) {
  const all = `${path}/${kind}`;
  const received = useCollection<Received>(all);
  const readAgain = useReadAgain();
  const { title, about, accepts, leaves } = WORDS[kind];
  const onDone = () => readAgain(all).catch(console.error);
  return (
    <RecordPart title={title} about={about}>
      <RecordTable
        caption={`${title} of other organizations`}
        collection={received}
        keyOf={({ id }) => id}
        empty={`Nobody shares ${kind} with you.`}
        columns={[
          {
            name: 'Name',
            cell: ({ name, is_deleted }) => (
              <>
                <bdi>{name}</bdi>
                {is_deleted ? <span className="muted"> deleted</span> : null}
              </>
            ),
          },
          { name: 'Of', cell: ({ organization }) => organization.name },
          { name: 'State', cell: ({ status }) => <ShareState status={status} waitsFor="you" /> },
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
          {
            name: 'Actions',
            cell: ({ id, name, organization, status }) => (
              <span className="record-actions">
                {status === 'offered' ? (
                  <ConfirmButton
                    label="Accept"
                    isSmall
                    isPrimary
                    title={`Accept “${name}” of ${organization.name}?`}
                    confirm="Accept"
                    onConfirm={() => call(`${all}/${id}`, { method: 'PUT' })}
                    onDone={onDone}
                  >
                    {accepts} You can leave at any time.
                  </ConfirmButton>
                ) : null}
                <ConfirmButton
                  label={status === 'offered' ? 'Decline' : 'Leave'}
                  isSmall
                  title={status === 'offered' ? `Decline “${name}”?` : `Leave “${name}”?`}
                  confirm={status === 'offered' ? 'Decline' : 'Leave'}
                  onConfirm={() => call(`${all}/${id}`, { method: 'DELETE' })}
                  onDone={onDone}
                >
                  {status === 'offered' ? '' : `${leaves} `}
                  <bdi>{organization.name}</bdi> can offer it again.
                </ConfirmButton>
              </span>
            ),
          },
        ]}
      />
    </RecordPart>
  );
}
