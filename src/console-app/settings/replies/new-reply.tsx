import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { cannedReplyResource, Visibility } from '../../../resources/canned-reply.ts';
import type { teamResource } from '../../../resources/team.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { SelectField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { ReplyFields } from './reply-fields.tsx';

type Reply = ReturnType<typeof cannedReplyResource>;
type Props = { path: string; teams: readonly ReturnType<typeof teamResource>[] };

/** Adds a canned reply. */
export function NewReply(props: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New reply
      </button>
      {isOpen ? <NewReplyDialog {...props} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function NewReplyDialog({ path, teams, onClose }: Props & { onClose: () => void }) {
  const { session } = useDesk();
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const readers: { value: Visibility; label: string }[] = [{ value: 'user', label: 'You' }];
  if (teams.length > 0) readers.push({ value: 'team', label: 'A team' });
  if (session.scopes.includes('settings')) readers.push({ value: 'organization', label: 'Everybody' });
  const form = useForm({
    initial: { visibility: 'user' as Visibility, team_id: teams[0]?.id ?? '', shortcut: '', message: '' },
    save: ({ team_id, ...values }) =>
      call<Reply>(path, {
        method: 'POST',
        body: { ...values, ...(values.visibility === 'team' ? { team_id } : {}) },
      }),
    onSaved: async ({ id }) => {
      onClose();
      await readAgain(path);
      await navigate({ to: '/settings/$section/$id', params: { section: 'replies', id } });
    },
  });
  return (
    <FormDialog title="New reply" form={form} save="Add" isOpen onOpen={onClose}>
      <SelectField label="For" hint="This stays so." choices={readers} {...form.bind('visibility')} />
      {form.values.visibility === 'team' ? (
        <SelectField
          label="Team"
          choices={teams.map(({ id, name }) => ({ value: id, label: name }))}
          {...form.bind('team_id')}
        />
      ) : null}
      <ReplyFields shortcut={form.bind('shortcut')} message={form.bind('message')} />
    </FormDialog>
  );
}
