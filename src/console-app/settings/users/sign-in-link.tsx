import { useState } from 'react';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ChecksField, SelectField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { ShownOnce } from '../../records/shown-once.tsx';
import { type ScopeName, scopeChoices } from '../../words/scopes.ts';
import { wholeTimeOf } from '../../words/times.ts';

type Link = { url: string; expires_at: string };

/** Makes a link with which a user signs in. */
export function SignInLink({ path, user }: { path: string; user: UserAccountResource }) {
  const [isOpen, setOpen] = useState(false);
  const [link, setLink] = useState<Link | null>(null);

  function made(next: Link): void {
    setOpen(false);
    setLink(next);
  }

  return (
    <RecordPart
      title="Signing in"
      about="A link works once, in one browser. A new one takes the place of the one before."
      actions={
        <button type="button" className="button" onClick={() => setOpen(true)}>
          New sign-in link
        </button>
      }
    >
      {link === null ? null : (
        <ShownOnce title="The new sign-in link" text={link.url} what="the link" onClose={() => setLink(null)}>
          Send it to <bdi>{user.full_name}</bdi> and to nobody else: whoever opens it is signed in as them. It works
          until {wholeTimeOf(link.expires_at)}. If it is lost, make another.
        </ShownOnce>
      )}
      {isOpen ? <LinkDialog path={path} onMade={made} onClose={() => setOpen(false)} /> : null}
    </RecordPart>
  );
}

const LASTS = [
  { value: 'day', label: '24 hours, to invite somebody' },
  { value: 'minutes', label: '15 minutes, for somebody who waits for it' },
] as const;

type DialogProps = { path: string; onMade: (link: Link) => void; onClose: () => void };

function LinkDialog({ path, onMade, onClose }: DialogProps) {
  const { session } = useDesk();
  const form = useForm({
    initial: { lasts: 'day' as (typeof LASTS)[number]['value'], scopes: [] as readonly ScopeName[] },
    save: ({ lasts, scopes }) =>
      call<Link>(`${path}/sign_in_links`, { method: 'POST', body: { scopes, invitation: lasts === 'day' } }),
    onSaved: onMade,
  });
  return (
    <FormDialog title="New sign-in link" form={form} save="Make the link" isOpen onOpen={onClose}>
      <SelectField label="It works for" choices={LASTS} {...form.bind('lasts')} />
      <ChecksField
        label="What they may do beside answering chats"
        hint="You can give what you have yourself."
        choices={scopeChoices(session.scopes)}
        {...form.bind('scopes')}
      />
    </FormDialog>
  );
}
