import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { roomResource } from '../../../resources/room.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CopiedText } from '../../records/copied-text.tsx';
import { CheckField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain, useRecord } from '../../records/read.ts';
import { FormDialog, RecordForm } from '../../records/record-form.tsx';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';

type Room = ReturnType<typeof roomResource>;

/** The rooms, or one of them. */
export default function RoomsPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/rooms`;
  return id === null ? <RoomList path={path} /> : <RoomRecord path={`${path}/${id}`} />;
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

function RoomRecord({ path }: { path: string }) {
  const read = useRecord<Room>(path);
  const back = (
    <Link to="/settings/$section" params={{ section: 'rooms' }}>
      Rooms
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'Room'} back={back}>
      <WithRecord read={read} missing="There is no such room.">
        {(room) => <RoomForm path={path} room={room} />}
      </WithRecord>
    </RecordPage>
  );
}

function RoomForm({ path, room }: { path: string; room: Room }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const collection = path.slice(0, path.lastIndexOf('/'));
  const form = useForm({
    initial: {
      name: room.name,
      display_name: room.display_name,
      language_code: room.language_code,
      domain: room.domain ?? '',
      is_open: room.is_open,
    },
    save: (_, { domain, ...changes }) =>
      call<Room>(path, {
        method: 'PATCH',
        body: { ...changes, ...(domain === undefined ? {} : { domain: domain === '' ? null : domain }) },
      }),
    onSaved: () => readAgain(collection),
  });
  return (
    <>
      <RecordForm form={form} save="Save">
        <TextField label="Name" isRequired {...form.bind('name')} />
        <TextField label="Shown to visitors as" isRequired {...form.bind('display_name')} />
        <TextField label="Language" hint="A code such as en or fi." isCode {...form.bind('language_code')} />
        <TextField label="Domain" hint="Of the website that uses the room." isCode {...form.bind('domain')} />
        <CheckField
          label="Open"
          hint="Visitors of websites can only write while their room is open. Messages of channels always come in."
          {...form.bind('is_open')}
        />
      </RecordForm>
      <RecordPart title="For programs">
        <p>
          <CopiedText text={room.id} what="the room’s ID" />
        </p>
      </RecordPart>
      <RecordPart title="Delete">
        <p className="muted">Open chats go on to their end. No new ones begin here.</p>
        <p>
          <ConfirmButton
            label="Delete the room"
            title={`Delete “${room.name}”?`}
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
    </>
  );
}
