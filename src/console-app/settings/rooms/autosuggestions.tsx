import { useState } from 'react';
import type { autosuggestionResource } from '../../../resources/autosuggestion.ts';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { NumberField, SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { CUT_WORDS, useChoices, useCollection, useIsCut, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';

type Rule = ReturnType<typeof autosuggestionResource>;

/** On which pages of websites visitors are greeted, and by whom. */
export function Autosuggestions({ path }: { path: string }) {
  const rules = useCollection<Rule>(path);
  const readAgain = useReadAgain();
  const { users } = useUsers();
  // Null: a new one.
  const [edited, setEdited] = useState<{ rule: Rule | null } | null>(null);
  return (
    <RecordPart
      title="Greetings on websites"
      about="Visitors who stay on a page are offered the conversation starter of a user or bot."
      actions={
        <button type="button" className="button" onClick={() => setEdited({ rule: null })}>
          New greeting
        </button>
      }
    >
      <RecordTable
        caption="Greetings on websites"
        collection={rules}
        keyOf={({ id }) => id}
        empty="There is none."
        columns={[
          { name: 'Page', cell: ({ url_pattern }) => url_pattern },
          { name: 'After', cell: ({ seconds }) => `${seconds} s` },
          { name: 'Language', cell: ({ language_code }) => language_code ?? 'Any' },
          { name: 'By', cell: ({ user_id }) => users.find(({ id }) => id === user_id)?.full_name ?? '' },
          {
            name: 'Actions',
            cell: (rule) => (
              <span className="record-actions">
                <button type="button" className="button small" onClick={() => setEdited({ rule })}>
                  Edit<span className="hidden-text"> {rule.url_pattern}</span>
                </button>
                <ConfirmButton
                  label={
                    <>
                      Delete<span className="hidden-text"> {rule.url_pattern}</span>
                    </>
                  }
                  isSmall
                  title="Delete the greeting?"
                  confirm="Delete"
                  onConfirm={() => call(`${path}/${rule.id}`, { method: 'DELETE' })}
                  onDone={() => readAgain(path)}
                >
                  Nobody is greeted on {rule.url_pattern} any more.
                </ConfirmButton>
              </span>
            ),
          },
        ]}
      />
      {edited === null ? null : <RuleDialog path={path} rule={edited.rule} onClose={() => setEdited(null)} />}
    </RecordPart>
  );
}

function useUsers() {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/users`;
  return { users: useChoices<UserAccountResource>(path), isCut: useIsCut(path) };
}

function RuleDialog({ path, rule, onClose }: { path: string; rule: Rule | null; onClose: () => void }) {
  const readAgain = useReadAgain();
  const { users, isCut } = useUsers();
  const choices = users.map(({ id, full_name, is_bot }) => ({
    value: id,
    label: is_bot ? `${full_name} (bot)` : full_name,
  }));
  const form = useForm({
    initial: {
      url_pattern: rule?.url_pattern ?? '',
      seconds: (rule?.seconds ?? 20) as number | null,
      language_code: rule?.language_code ?? '',
      user_id: rule?.user_id ?? '',
    },
    save: ({ language_code, ...values }) => {
      const body = { ...values, language_code: language_code === '' ? null : language_code };
      return rule === null
        ? call<Rule>(path, { method: 'POST', body })
        : call<Rule>(`${path}/${rule.id}`, { method: 'PATCH', body });
    },
    onSaved: async () => {
      onClose();
      await readAgain(path);
    },
  });
  return (
    <FormDialog
      title={rule === null ? 'New greeting' : 'Change the greeting'}
      form={form}
      save={rule === null ? 'Create' : 'Save'}
      isOpen
      onOpen={onClose}
    >
      <TextField
        label="Page"
        hint="Its URL, in which * stands for any text: https://shop.example.com/cart*"
        isCode
        isRequired
        {...form.bind('url_pattern')}
      />
      <NumberField label="After (seconds on the page)" min={0} max={86_400} {...form.bind('seconds')} />
      <TextField
        label="Language"
        hint="A code such as en. Empty: any language."
        isCode
        {...form.bind('language_code')}
      />
      <SelectField
        label="By"
        hint={`They need a conversation starter in the visitor’s language, or in the room’s.${isCut ? ` ${CUT_WORDS}` : ''}`}
        choices={[...(form.values.user_id === '' ? [{ value: '', label: 'Choose somebody' }] : []), ...choices]}
        {...form.bind('user_id')}
      />
    </FormDialog>
  );
}
