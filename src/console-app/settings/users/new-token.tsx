import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ChecksField, SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { type ScopeName, scopeChoices } from '../../words/scopes.ts';

export type CreatedToken = { token: string };

const DAY = 24 * 3_600_000;
const LASTS = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: 'never', label: 'Until it is revoked' },
] as const;

type Props = { path: string; onMade: (token: CreatedToken) => void; onClose: () => void };

/** Makes a token for a program that acts as a user. */
export function NewTokenDialog({ path, onMade, onClose }: Props) {
  const { session } = useDesk();
  const form = useForm({
    initial: { label: '', lasts: '365' as (typeof LASTS)[number]['value'], scopes: [] as readonly ScopeName[] },
    save: ({ label, lasts, scopes }) =>
      call<CreatedToken>(path, {
        method: 'POST',
        body: {
          label,
          scopes,
          expires_at: lasts === 'never' ? null : new Date(Date.now() + Number(lasts) * DAY).toISOString(),
        },
      }),
    onSaved: onMade,
  });
  return (
    <FormDialog title="New token" form={form} save="Make the token" isOpen onOpen={onClose}>
      <TextField label="Name" hint="What has it, such as “Mail gateway”." {...form.bind('label')} />
      <SelectField label="It works for" choices={LASTS} {...form.bind('lasts')} />
      <ChecksField
        label="What it may do beside its own chats"
        hint="You can give what you have yourself."
        choices={scopeChoices(session.scopes)}
        {...form.bind('scopes')}
      />
    </FormDialog>
  );
}
