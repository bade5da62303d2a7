import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPage } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import type { Room } from './room.ts';
import { RoomRecord } from './room-record.tsx';

/** The rooms, or one of them. */
export default function RoomsPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/rooms`;
  return id === null ? <RoomList path={path} /> : <RoomRecord collection={path} id={id} />;
}

function RoomList({ path }: { path: string }) {
  const rooms = useCollection<Room>(path);
  return (
    <RecordPage
      title="Rooms"
      about="Chats begin in a room. Its router decides who gets them."
      actions={<NewRoom path={path} />}
    >
      <RecordTable
        caption="Rooms"
        collection={rooms}
        keyOf={({ id }) => id}
        empty="There is no room yet. Chats need one to begin in."
        columns={[
          {
            name: 'Name',
            cell: ({ id, name }) => (
              <Link to="/settings/$section/$id" params={{ section: 'rooms', id }}>
                {name}
              </Link>
            ),
          },
          { name: 'Shown to visitors as', cell: ({ display_name }) => display_name },
          { name: 'Language', cell: ({ language_code }) => language_code },
          {
            name: 'State',
            cell: ({ is_open, is_online }) =>
              is_open ? (is_online ? 'Open, somebody is there' : 'Open, nobody is there') : 'Closed',
          },
        ]}
      />
    </RecordPage>
  );
}

function NewRoom({ path }: { path: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New room
      </button>
      {isOpen ? <NewRoomDialog path={path} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function NewRoomDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const form = useForm({
    initial: { name: '', language_code: 'en' },
    save: (values) => call<Room>(path, { method: 'POST', body: values }),
    onSaved: async ({ id }) => {
      onClose();
      await readAgain(path);
      await navigate({ to: '/settings/$section/$id', params: { section: 'rooms', id } });
    },
  });
  return (
    <FormDialog title="New room" form={form} save="Create" isOpen onOpen={onClose}>
      <TextField label="Name" isRequired {...form.bind('name')} />
      <TextField label="Language" hint="A code such as en or fi." isCode {...form.bind('language_code')} />
    </FormDialog>
  );
}
