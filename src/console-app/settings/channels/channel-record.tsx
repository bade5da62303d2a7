import { Link, useNavigate } from '@tanstack/react-router';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain, useRecord } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { BasicFields, type Channel, SwitchFields } from './channel-fields.tsx';
import { ChannelThreads } from './channel-threads.tsx';
import { ChannelWebhooks } from './channel-webhooks.tsx';
import { Sending } from './sending.tsx';

type Props = { collection: string; id: string };

/** One channel: how to use it, its webhooks, its settings and its threads. */
export function ChannelRecord({ collection, id }: Props) {
  const path = `${collection}/${id}`;
  const read = useRecord<Channel>(path);
  const back = (
    <Link to="/settings/$section" params={{ section: 'channels' }}>
      Channels
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'Channel'} back={back}>
      <WithRecord read={read} missing="There is no such channel.">
        {(channel) => (
          <>
            <Sending path={path} />
            <ChannelWebhooks
              channelId={id}
              about="What agents and bots answer goes to the webhook URL. Your program checks the signature with the secret, and answers 2xx within five seconds."
              hasTest
            />
            <RecordPart title="Settings">
              <ChannelForm path={path} collection={collection} channel={channel} />
            </RecordPart>
            <ChannelThreads path={path} channelId={id} />
            <DeleteChannel path={path} collection={collection} channel={channel} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

type OfChannel = { path: string; collection: string; channel: Channel };

function ChannelForm({ path, collection, channel }: OfChannel) {
  const readAgain = useReadAgain();
  const { name, messaging_channel, room_id, reply_webhook_url } = channel;
  const { is_webhook_enabled, echo_user_messages, notify_purges } = channel;
  const form = useForm({
    initial: {
      name,
      messaging_channel,
      room_id,
      reply_webhook_url,
      max_retry_count: channel.max_retry_count as number | null,
      is_webhook_enabled,
      echo_user_messages,
      notify_purges,
    },
    save: (_, changes) => call<Channel>(path, { method: 'PATCH', body: changes }),
    onSaved: () => readAgain(collection),
  });
  return (
    <RecordForm form={form} save="Save">
      <BasicFields form={form} />
      <SwitchFields form={form} />
    </RecordForm>
  );
}

function DeleteChannel({ path, collection, channel }: OfChannel) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Delete">
      <p>
        <ConfirmButton
          label="Delete the channel"
          title={`Delete “${channel.name}”?`}
          confirm="Delete"
          onConfirm={() => call(path, { method: 'DELETE' })}
          onDone={async () => {
            await navigate({ to: '/settings/$section', params: { section: 'channels' } });
            await readAgain(collection);
          }}
        >
          Its open chats go on, but no answer leaves the hub any more: webhooks that wait end as skipped, and cannot be
          sent again. Your program’s messages are refused.
        </ConfirmButton>
      </p>
    </RecordPart>
  );
}
