import { useState } from 'react';
import type { appWebhookResource } from '../../../resources/app.ts';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CheckField, SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { SendTest } from '../../records/send-test.tsx';
import type { OwnApp } from './app-form.tsx';
import { PATTERN_EXAMPLES, wordsOfChanges, wordsOfPattern } from './app-words.ts';

type Webhook = ReturnType<typeof appWebhookResource>;

/** What an app is sent about each organization that has installed it. */
export function AppWebhooks({ path, app }: { path: string; app: OwnApp }) {
  const all = `${path}/webhooks`;
  const webhooks = useCollection<Webhook>(all);
  const [opened, setOpened] = useState<Webhook | 'new' | null>(null);
  return (
    <RecordPart
      title="Webhooks"
      about="What the app is sent about each organization that has installed it. Another organization agrees to a new or wider webhook first."
      actions={
        <button type="button" className="button" onClick={() => setOpened('new')}>
          New webhook
        </button>
      }
    >
      <RecordTable
        caption="Webhooks of the app"
        collection={webhooks}
        keyOf={({ id }) => id}
        empty="The app is sent nothing."
        columns={[
          {
            name: 'About',
            cell: ({ channel_pattern }) => (
              <>
                {wordsOfPattern(channel_pattern)}
                <br />
                <code className="muted">{channel_pattern}</code>
              </>
            ),
          },
          { name: 'When', cell: (webhook) => wordsOfChanges(webhook) },
          { name: 'To', cell: ({ endpoint_url }) => endpoint_url },
          { name: 'State', cell: ({ is_enabled }) => (is_enabled ? 'On' : 'Off') },
          {
            name: 'Actions',
            cell: (webhook) => (
              <div className="record-actions">
                <button
                  type="button"
                  className="button small"
                  aria-label={`Edit the webhook about ${wordsOfPattern(webhook.channel_pattern)}`}
                  onClick={() => setOpened(webhook)}
                >
                  Edit
                </button>
                <SendTest path={`${all}/${webhook.id}/test`} />
                <DeleteWebhook all={all} webhook={webhook} />
              </div>
            ),
          },
        ]}
      />
      {opened === null ? null : (
        <WebhookDialog all={all} app={app} webhook={opened === 'new' ? null : opened} onClose={() => setOpened(null)} />
      )}
    </RecordPart>
  );
}

function DeleteWebhook({ all, webhook }: { all: string; webhook: Webhook }) {
  const readAgain = useReadAgain();
  return (
    <ConfirmButton
      label="Delete"
      isSmall
      title="Delete this webhook?"
      confirm="Delete"
      onConfirm={() => call(`${all}/${webhook.id}`, { method: 'DELETE' })}
      onDone={() => readAgain(all)}
    >
      What is still on its way is not sent. The log keeps what was.
    </ConfirmButton>
  );
}

const OTHER = 'other';

type DialogProps = { all: string; app: OwnApp; webhook: Webhook | null; onClose: () => void };

function WebhookDialog({ all, app, webhook, onClose }: DialogProps) {
  const readAgain = useReadAgain();
  const form = useForm({
    initial: {
      endpoint_url: webhook?.endpoint_url ?? '',
      channel_pattern: webhook?.channel_pattern ?? PATTERN_EXAMPLES[1] ?? '',
      on_added: webhook?.on_added ?? true,
      on_changed: webhook?.on_changed ?? false,
      on_removed: webhook?.on_removed ?? false,
      is_enabled: webhook?.is_enabled ?? true,
    },
    save: (values, changes) =>
      webhook === null
        ? call<Webhook>(all, { method: 'POST', body: values })
        : call<Webhook>(`${all}/${webhook.id}`, { method: 'PATCH', body: changes }),
    onSaved: async () => {
      onClose();
      await readAgain(all);
    },
  });
  const pattern = form.bind('channel_pattern');
  const [isOther, setOther] = useState(!PATTERN_EXAMPLES.includes(pattern.value));
  return (
    <FormDialog
      title={webhook === null ? 'New webhook' : 'Webhook'}
      form={form}
      save={webhook === null ? 'Create' : 'Save'}
      isOpen
      onOpen={onClose}
    >
      <SelectField
        label="About"
        value={isOther ? OTHER : pattern.value}
        problem={isOther ? undefined : pattern.problem}
        onValue={(value) => {
          setOther(value === OTHER);
          if (value !== OTHER) pattern.onValue(value);
        }}
        choices={[
          ...examplesFor(app).map((value) => ({ value, label: wordsOfPattern(value) })),
          { value: OTHER, label: 'Something else' },
        ]}
      />
      {isOther ? (
        <TextField
          label="Channel"
          hint="The path of a collection of the API. {organization_id} and {user_id} stand for who has installed the app and for its bot there, * for any ID."
          isCode
          {...pattern}
        />
      ) : null}
      <TextField
        label="Endpoint"
        type="url"
        hint="The hub sends a signed POST to this address."
        isCode
        placeholder="https://app.example.com/hooks"
        {...form.bind('endpoint_url')}
      />
      <CheckField label="When something is added" {...form.bind('on_added')} />
      <CheckField label="When something is changed" {...form.bind('on_changed')} />
      <CheckField label="When something is removed" {...form.bind('on_removed')} />
      <CheckField
        label="On"
        hint="While it is off, nothing is sent. What is on its way ends, and can be sent later from the log."
        {...form.bind('is_enabled')}
      />
    </FormDialog>
  );
}

/** Channels of the bot are only for apps that have one. */
function examplesFor({ is_app_user_required }: OwnApp): readonly string[] {
  return PATTERN_EXAMPLES.filter((pattern) => is_app_user_required || !pattern.includes('{user_id}'));
}
