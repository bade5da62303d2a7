import { useDesk } from '../../desk/desk.tsx';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { EndSession } from '../users/end-session.tsx';

type OwnSession = {
  readonly id: string;
  readonly label: string;
  readonly created_at: string;
  readonly expires_at: string;
};

const PATH = '/api/v5/sessions';

/** The browsers in which one is signed in. */
export function OwnSessions() {
  const { session } = useDesk();
  const sessions = useCollection<OwnSession>(PATH);
  const readAgain = useReadAgain();
  return (
    <RecordPart
      title="Where you are signed in"
      about="End what you do not know, and what is on a computer that others use."
    >
      <RecordTable
        caption="Sessions"
        collection={sessions}
        keyOf={({ id }) => id}
        empty="Nowhere."
        columns={[
          {
            name: 'Browser',
            cell: ({ id, label }) => (
              <>
                {label}
                {id === session.token_id ? <span className="muted"> this browser</span> : null}
              </>
            ),
          },
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
          { name: 'Ends', cell: ({ expires_at }) => `${wholeTimeOf(expires_at)}, if it is not used` },
          {
            name: 'Actions',
            cell: ({ id }) => (
              <EndSession path={`${PATH}/${id}`} isThis={id === session.token_id} onDone={() => readAgain(PATH)} />
            ),
          },
        ]}
      />
    </RecordPart>
  );
}
