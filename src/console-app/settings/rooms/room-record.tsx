import { Link, useNavigate } from '@tanstack/react-router';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CopiedText } from '../../records/copied-text.tsx';
import { useReadAgain, useRecord } from '../../records/read.ts';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { SharedWith } from '../shares/shared-with.tsx';
import { AllowedTags } from './allowed-tags.tsx';
import { Autosuggestions } from './autosuggestions.tsx';
import type { Room } from './room.ts';
import { RoomForm } from './room-form.tsx';
import { UsedBy } from './used-by.tsx';

/** One room, with all that belongs to it. */
export function RoomRecord({ collection, id }: { collection: string; id: string }) {
  const path = `${collection}/${id}`;
  const read = useRecord<Room>(path);
  const back = (
    <Link to="/settings/$section" params={{ section: 'rooms' }}>
      Rooms
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'Room'} back={back}>
      <WithRecord read={read} missing="There is no such room.">
        {(room) => (
          <>
            <RoomForm path={path} room={room} />
            <UsedBy roomId={id} />
            <AllowedTags path={`${path}/allowed_tags`} />
            <Autosuggestions path={`${path}/autosuggestions`} />
            <SharedWith kind="room" path={path} />
            <RecordPart title="For programs">
              <p>
                <CopiedText text={room.id} what="the room’s ID" />
              </p>
            </RecordPart>
            <DeleteRoom path={path} collection={collection} name={room.name} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

function DeleteRoom({ path, collection, name }: { path: string; collection: string; name: string }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Delete">
      <p className="muted">Open chats go on to their end. No new ones begin here.</p>
      <p>
        <ConfirmButton
          label="Delete the room"
          title={`Delete “${name}”?`}
          confirm="Delete"
          onConfirm={() => call(path, { method: 'DELETE' })}
          onDone={async () => {
            await navigate({ to: '/settings/$section', params: { section: 'rooms' } });
            await readAgain(collection);
          }}
        >
          Open chats go on to their end. Channels that start chats here must get another room.
        </ConfirmButton>
      </p>
    </RecordPart>
  );
}
