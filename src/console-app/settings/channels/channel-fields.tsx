import type { channelResource } from '../../../resources/channel.ts';
import type { roomResource } from '../../../resources/room.ts';
import { useDesk } from '../../desk/desk.tsx';
import { CheckField, NumberField, SelectField, TextField } from '../../records/fields.tsx';
import type { Form } from '../../records/form.ts';
import { useChoices } from '../../records/read.ts';
import { retriesInWords } from './retries.ts';

export type Channel = ReturnType<typeof channelResource>;
type Room = ReturnType<typeof roomResource>;

/** What a channel needs from the start. */
export type Basics = Pick<Channel, 'name' | 'messaging_channel' | 'room_id' | 'reply_webhook_url'> & {
  max_retry_count: number | null;
};

/** The rooms of the organization, of which each channel has one. */
export function useRooms(): readonly Room[] {
  const { session } = useDesk();
  return useChoices<Room>(`/api/v5/orgs/${session.organization_id}/rooms`);
}

export function BasicFields({ form }: { form: Pick<Form<Basics>, 'bind'> }) {
  const rooms = useRooms();
  const room = form.bind('room_id');
  const retries = form.bind('max_retry_count');
  const choices = rooms.map(({ id, name }) => ({ value: id, label: name }));
  const isListed = choices.some(({ value }) => value === room.value);
  return (
    <>
      <TextField label="Name" isRequired {...form.bind('name')} />
      <TextField
        label="Kind"
        hint="Such as email or whatsapp. Agents see it beside a chat, and webhooks carry it."
        isRequired
        {...form.bind('messaging_channel')}
      />
      <SelectField
        label="Room"
        hint="New chats begin here. Open ones stay in their room."
        choices={
          isListed
            ? choices
            : [{ value: room.value, label: choices.length === 0 ? 'Make a room first' : 'Choose a room' }, ...choices]
        }
        {...room}
      />
      <TextField
        label="Webhook URL"
        hint="Of your program. It gets what agents and bots answer, with a signature."
        type="url"
        isCode
        isRequired
        {...form.bind('reply_webhook_url')}
      />
      <NumberField label="Retries" hint={retriesInWords(retries.value)} min={0} max={20} {...retries} />
    </>
  );
}

/** What is decided later, or never. */
type Switches = Pick<Channel, 'is_webhook_enabled' | 'echo_user_messages' | 'notify_purges'>;

export function SwitchFields({ form }: { form: Pick<Form<Switches>, 'bind'> }) {
  return (
    <>
      <CheckField
        label="Send webhooks"
        hint="While it is off, webhooks end as skipped, those that wait too. You can send them later, from the deliveries."
        {...form.bind('is_webhook_enabled')}
      />
      <CheckField
        label="Send back what your own people write through the channel"
        hint="Turn it off if your program would pass such messages on a second time."
        {...form.bind('echo_user_messages')}
      />
      <CheckField
        label="Tell of purges"
        hint="Webhooks then also say what was deleted here, so that your program deletes its copies."
        {...form.bind('notify_purges')}
      />
    </>
  );
}
