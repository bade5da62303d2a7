import type { userAccountResource } from '../../../resources/user-account.ts';
import { turnAlerts, useAlertsOn } from '../../desk/alerts.ts';
import { useDesk, usePreferences } from '../../desk/desk.tsx';
import type { AlertKind } from '../../desk/preferences.ts';
import { call } from '../../hub/call.ts';
import { CheckField, ChecksField, type Choice, NumberField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain, useRecord } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { OwnSessions } from './own-sessions.tsx';

type Account = ReturnType<typeof userAccountResource>;
type HubPreferences = { readonly chat_capacity: number | null };

const ALERTS: readonly Choice<AlertKind>[] = [
  { value: 'waiting', label: 'A visitor waits for an answer' },
  { value: 'mine', label: 'A visitor writes in one of my chats' },
  { value: 'mentioned', label: 'A note mentions me, told once' },
  { value: 'invitations', label: 'A colleague invites me to a chat' },
];

/** What is one's own: how others see one, and how one likes the console. */
export default function ProfilePage() {
  const { session, userId } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/users/${userId}`;
  const work = `/api/v5/users/${userId}/preferences`;
  const account = useRecord<Account>(path);
  const preferences = useRecord<HubPreferences>(work);
  return (
    <RecordPage title="My profile" about="How others see you, and how you like the console on all your devices.">
      <RecordPart title="Me">
        <WithRecord read={account} missing="Your user is gone.">
          {(user) => <AccountForm path={path} user={user} />}
        </WithRecord>
      </RecordPart>
      <RecordPart title="Work">
        <WithRecord read={preferences} missing="Your user is gone.">
          {(hub) => <WorkForm path={work} preferences={hub} />}
        </WithRecord>
      </RecordPart>
      <Console />
      <OwnSessions />
    </RecordPage>
  );
}

function AccountForm({ path, user }: { path: string; user: Account }) {
  const readAgain = useReadAgain();
  const form = useForm({
    initial: {
      first_name: user.first_name,
      last_name: user.last_name,
      alias: user.alias ?? '',
      title: user.title ?? '',
      phone: user.phone ?? '',
    },
    save: (_, changes) => call<Account>(path, { method: 'PATCH', body: withNulls(changes) }),
    onSaved: () => readAgain(path),
  });
  return (
    <RecordForm form={form} save="Save">
      <TextField label="First name" isRequired {...form.bind('first_name')} />
      <TextField label="Last name" {...form.bind('last_name')} />
      <TextField label="Name for visitors" hint="Without one they see your full name." {...form.bind('alias')} />
      <TextField label="Title" {...form.bind('title')} />
      <TextField label="Phone" {...form.bind('phone')} />
    </RecordForm>
  );
}

/** An empty text is no text, but for names. */
function withNulls(changes: Readonly<Record<string, unknown>>): object {
  const entries = Object.entries(changes);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value === '' && !name.endsWith('_name') ? null : value]),
  );
}

function WorkForm({ path, preferences }: { path: string; preferences: HubPreferences }) {
  const readAgain = useReadAgain();
  const form = useForm({
    initial: { chat_capacity: preferences.chat_capacity },
    save: (_, changes) => call<HubPreferences>(path, { method: 'PATCH', body: changes }),
    onSaved: () => readAgain(path),
  });
  return (
    <RecordForm form={form} save="Save">
      <NumberField
        label="Open chats at a time"
        hint="With as many you are offered no further ones."
        min={0}
        max={1_000}
        empty="No limit"
        {...form.bind('chat_capacity')}
      />
    </RecordForm>
  );
}

/** What holds at once, without a button. */
function Console() {
  const { preferences } = useDesk();
  const { alerts, has_single_keys, enter_sends } = usePreferences();
  const hasAlerts = useAlertsOn();
  return (
    <RecordPart title="Console" about="What you choose here holds at once.">
      <div className="record-form">
        <CheckField
          label="Alerts in this browser"
          hint="A sound, and a notification while you look elsewhere, again every 30 seconds until nothing waits."
          problem={undefined}
          value={hasAlerts}
          onValue={turnAlerts}
        />
        <ChecksField
          label="Alerts tell of"
          choices={ALERTS}
          problem={undefined}
          value={alerts}
          onValue={(next) => preferences.change({ alerts: next })}
        />
        <CheckField
          label="Single keys do something"
          hint="Keys such as t and e. The others, with Ctrl, always do."
          problem={undefined}
          value={has_single_keys}
          onValue={(next) => preferences.change({ has_single_keys: next })}
        />
        <CheckField
          label="Enter sends"
          hint="Shift+Enter begins a line then. Without it, and in mail, Ctrl+Enter sends."
          problem={undefined}
          value={enter_sends}
          onValue={(next) => preferences.change({ enter_sends: next })}
        />
      </div>
    </RecordPart>
  );
}
