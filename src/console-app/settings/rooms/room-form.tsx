import type { ServiceHours } from '../../../resources/service-hours.ts';
import { call } from '../../hub/call.ts';
import { DurationField } from '../../records/duration-field.tsx';
import { NumberField, SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import type { Room } from './room.ts';
import { ServiceHoursField } from './service-hours.tsx';
import { officeHours } from './week.ts';

/** The hub has two fields for it, of which one does not count while the other is there. */
type Opening = 'open' | 'hours' | 'closed';

const OPENINGS = [
  { value: 'open', label: 'Always' },
  { value: 'hours', label: 'At service hours' },
  { value: 'closed', label: 'Never: it is closed' },
] as const;

/** What a room is, and when it is open. */
export function RoomForm({ path, room }: { path: string; room: Room }) {
  const readAgain = useReadAgain();
  const { name, display_name, language_code, visitor_chat_idle_ttl, task_chat_ttl, chat_key_ttl_days } = room;
  const form = useForm({
    initial: {
      name,
      display_name,
      language_code,
      domain: room.domain ?? '',
      opening: openingOf(room) as Opening,
      service_hours: room.service_hours ?? officeHours(Intl.DateTimeFormat().resolvedOptions().timeZone),
      visitor_chat_idle_ttl,
      task_chat_ttl,
      chat_key_ttl_days,
    },
    save: (values, { domain, opening, service_hours, ...changes }) =>
      call<Room>(path, {
        method: 'PATCH',
        body: {
          ...changes,
          ...(domain === undefined ? {} : { domain: domain === '' ? null : domain }),
          ...(opening === undefined && service_hours === undefined
            ? {}
            : openingFields(values.opening, values.service_hours)),
        },
      }),
    onSaved: () => readAgain(path.slice(0, path.lastIndexOf('/'))),
  });
  return (
    <RecordForm form={form} save="Save">
      <TextField label="Name" isRequired {...form.bind('name')} />
      <TextField label="Shown to visitors as" isRequired {...form.bind('display_name')} />
      <TextField label="Language" hint="A code such as en or fi." isCode {...form.bind('language_code')} />
      <TextField label="Domain" hint="Of the website that uses the room." isCode {...form.bind('domain')} />
      <SelectField
        label="Open"
        hint="While it is closed, visitors of websites see that nobody is there, even if somebody is. Messages of channels come in all the same."
        choices={OPENINGS}
        {...form.bind('opening')}
      />
      {form.values.opening === 'hours' ? <ServiceHoursField {...form.bind('service_hours')} /> : null}
      <h2>How long chats live</h2>
      <DurationField
        label="Chats of visitors end when nobody has written for"
        hint="Chats that are open now keep the time with which they began. Chats of channels never end by themselves."
        empty="They do not end"
        {...form.bind('visitor_chat_idle_ttl')}
      />
      <DurationField
        label="Tasks end after"
        hint="Whatever is written in them."
        empty="They do not end"
        {...form.bind('task_chat_ttl')}
      />
      <NumberField
        label="Keys of encrypted chats are forgotten after (days)"
        hint="Counted from the end of the chat. After that only who has the private key can read it."
        min={0}
        max={3650}
        empty="Never"
        {...form.bind('chat_key_ttl_days')}
      />
    </RecordForm>
  );
}

function openingOf({ is_open, service_hours }: Room): Opening {
  if (service_hours !== null) return 'hours';
  return is_open ? 'open' : 'closed';
}

function openingFields(opening: Opening, service_hours: ServiceHours) {
  return opening === 'hours' ? { service_hours } : { service_hours: null, is_open: opening === 'open' };
}
