import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { call } from '../../hub/call.ts';
import { SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';

/** Adds somebody to the organization. */
export function NewUser({ path }: { path: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New user
      </button>
      {isOpen ? <NewUserDialog path={path} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

const KINDS = [
  { value: 'person', label: 'A person' },
  { value: 'bot', label: 'A bot, which is a program' },
] as const;

type Kind = (typeof KINDS)[number]['value'];

function NewUserDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const form = useForm({
    initial: { kind: 'person' as Kind, first_name: '', last_name: '', email: '' },
    save: ({ kind, email, ...names }) =>
      call<UserAccountResource>(path, {
        method: 'POST',
        body: { ...names, is_bot: kind === 'bot', email: email === '' ? null : email },
      }),
    onSaved: async ({ id }) => {
      onClose();
      await readAgain(path);
      await navigate({ to: '/settings/$section/$id', params: { section: 'users', id } });
    },
  });
  return (
    <FormDialog title="New user" form={form} save="Add" isOpen onOpen={onClose}>
      <SelectField
        label="Who it is"
        hint="It stays so. Chats reach a bot only where a router names it."
        choices={KINDS}
        {...form.bind('kind')}
      />
      <TextField label="First name" isRequired {...form.bind('first_name')} />
      <TextField label="Last name" {...form.bind('last_name')} />
      <TextField label="Email" type="email" {...form.bind('email')} />
    </FormDialog>
  );
}
