import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPage } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { BasicFields, type Basics, type Channel, useRooms } from './channel-fields.tsx';
import { ChannelRecord } from './channel-record.tsx';

/** The messaging channels, or one of them. */
export default function ChannelsPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/unified_messaging`;
  return id === null ? <ChannelList path={path} /> : <ChannelRecord collection={path} id={id} />;
}

function ChannelList({ path }: { path: string }) {
  const channels = useCollection<Channel>(path);
  const rooms = useRooms();
  return (
    <RecordPage
      title="Channels"
      about="A channel connects a mailbox, a phone number or your own system with a room: messages come in through it, answers go out as webhooks."
      actions={<NewChannel path={path} />}
    >
      <RecordTable
        caption="Channels"
        collection={channels}
        keyOf={({ id }) => id}
        empty="There is no channel yet. Make one for the program that brings your customers’ messages."
        columns={[
          {
            name: 'Name',
            cell: ({ id, name }) => (
              <Link to="/settings/$section/$id" params={{ section: 'channels', id }}>
                {name}
              </Link>
            ),
          },
          { name: 'Kind', cell: ({ messaging_channel }) => messaging_channel },
          { name: 'Room', cell: ({ room_id }) => rooms.find(({ id }) => id === room_id)?.name ?? '' },
          {
            name: 'Webhooks',
            cell: ({ is_webhook_enabled }) => (is_webhook_enabled ? 'On' : <span className="state is-warn">Off</span>),
          },
        ]}
      />
    </RecordPage>
  );
}

function NewChannel({ path }: { path: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New channel
      </button>
      {isOpen ? <NewChannelDialog path={path} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** The hub's own default of 3 gives up within ten seconds, which is less than a restart of most programs. */
const RETRIES = 10;

function NewChannelDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const rooms = useRooms();
  const form = useForm<Basics, Channel>({
    initial: {
      name: '',
      messaging_channel: '',
      room_id: rooms[0]?.id ?? '',
      reply_webhook_url: '',
      max_retry_count: RETRIES,
    },
    save: (values) => call<Channel>(path, { method: 'POST', body: values }),
    onSaved: async ({ id }) => {
      onClose();
      await readAgain(path);
      await navigate({ to: '/settings/$section/$id', params: { section: 'channels', id } });
    },
  });
  return (
    <FormDialog title="New channel" form={form} save="Create" isOpen onOpen={onClose}>
      <BasicFields form={form} />
    </FormDialog>
  );
}
