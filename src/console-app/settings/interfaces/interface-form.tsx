import { call } from '../../hub/call.ts';
import { SelectField, TextField } from '../../records/fields.tsx';
import { type Form, useForm } from '../../records/form.ts';
import { useReadAgain } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { useRooms } from '../channels/channel-fields.tsx';
import { type Kind, type Settings, WORDS } from './interface-words.ts';
import { type ResponderValues, responderOf, responderValues } from './responder.ts';

type Values = ResponderValues & { room_id: string; webhook_url: string; webhook_key: string };

type Props = { path: string; kind: Kind; settings: Settings };

/** In which room chats begin, where answers go, and of the threads API what answers by itself. */
export function InterfaceForm({ path, kind, settings }: Props) {
  const readAgain = useReadAgain();
  const rooms = useRooms();
  const responder = 'responder' in settings ? settings.responder : null;
  const form = useForm<Values, Settings>({
    initial: {
      room_id: settings.room_id ?? '',
      webhook_url: settings.webhook_url ?? '',
      webhook_key: settings.webhook_key ?? '',
      ...responderValues(responder),
    },
    save: (values, { room_id, webhook_url, webhook_key, ...changes }) =>
      call<Settings>(path, {
        method: 'PATCH',
        body: {
          ...(room_id === undefined ? {} : { room_id }),
          ...(webhook_url === undefined ? {} : { webhook_url: webhook_url === '' ? null : webhook_url }),
          ...(webhook_key === undefined ? {} : { webhook_key }),
          ...(Object.keys(changes).length === 0 ? {} : { responder: responderOf(values) }),
        },
      }),
    onSaved: () => readAgain(path),
  });
  const room = form.bind('room_id');
  const choices = rooms.map(({ id, name }) => ({ value: id, label: name }));
  const isListed = choices.some(({ value }) => value === room.value);
  return (
    <RecordForm form={form} save="Save">
      <SelectField
        label="Room"
        hint="New chats begin here. Open ones stay in their room."
        choices={isListed ? choices : [{ value: room.value, label: 'The oldest room' }, ...choices]}
        {...room}
      />
      <TextField
        label="Webhook URL"
        hint="Of your program. It gets what people and bots answer. Empty: nothing is sent."
        type="url"
        isCode
        {...form.bind('webhook_url')}
      />
      <TextField label="Webhook key" hint={WORDS[kind].webhookKey} isCode {...form.bind('webhook_key')} />
      {kind === 'threads' ? <ResponderFields form={form} hasKey={responder?.has_api_key ?? false} /> : null}
    </RecordForm>
  );
}

function ResponderFields({ form, hasKey }: { form: Form<Values>; hasKey: boolean }) {
  const type = form.values['responder.type'];
  return (
    <>
      <h2>Answers by itself</h2>
      <SelectField
        label="What answers"
        hint="It is asked each time a customer writes."
        choices={[
          { value: 'none', label: 'Nothing: people answer' },
          { value: 'http', label: 'A program of yours, by HTTP' },
          { value: 'openai', label: 'A model, by the interface of OpenAI' },
          { value: 'workers_ai', label: 'A model of Workers AI' },
        ]}
        {...form.bind('responder.type')}
      />
      {type === 'http' || type === 'openai' ? (
        <TextField label="Its URL" type="url" isCode isRequired {...form.bind('responder.url')} />
      ) : null}
      {type === 'openai' || type === 'workers_ai' ? (
        <TextField label="Model" isCode isRequired {...form.bind('responder.model')} />
      ) : null}
      {type === 'openai' ? (
        <TextField
          label="Key of the service"
          hint={hasKey ? 'The hub has one. Empty: it stays, as long as the URL does.' : 'The hub never shows it.'}
          isCode
          {...form.bind('responder.api_key')}
        />
      ) : null}
      {type === 'none' ? null : (
        <SelectField
          label="Its answers"
          choices={[
            { value: 'reply', label: 'Are sent to the customer' },
            { value: 'suggest', label: 'Are suggested to people' },
          ]}
          {...form.bind('responder.mode')}
        />
      )}
    </>
  );
}
