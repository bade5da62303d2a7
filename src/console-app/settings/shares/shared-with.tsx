import { useState } from 'react';
import type { shareResource } from '../../../resources/share.ts';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { ShareState } from './share-state.tsx';

type Share = ReturnType<typeof shareResource>;

const WORDS = {
  room: {
    title: 'Shared with',
    follows:
      'Your routers may then send chats of this room to people and teams of the partner, who read and answer them.',
    ends: 'Its people get no more chats of this room. They keep those in which they take part.',
  },
  team: {
    title: 'Shared with',
    follows:
      'The partner may then name the team in its routers, for rooms that it shares with you, and invite the team to chats.',
    ends: 'Its chats no longer reach the team. Members keep those in which they take part.',
  },
} as const;

type Props = { kind: keyof typeof WORDS /** Of the room or team. */; path: string };

/** With which other organizations a room or team is shared. */
export function SharedWith({ kind, path }: Props) {
  const shares = useCollection<Share>(`${path}/shares`);
  const [isOpen, setOpen] = useState(false);
  const readAgain = useReadAgain();
  const { title, follows, ends } = WORDS[kind];
  return (
    <RecordPart
      title={title}
      about={`Other organizations of this hub. ${follows}`}
      actions={
        <button type="button" className="button" onClick={() => setOpen(true)}>
          Offer to a partner
        </button>
      }
    >
      <RecordTable
        caption={`Partners of the ${kind}`}
        collection={shares}
        keyOf={({ organization_id }) => organization_id}
        empty={`The ${kind} is yours alone.`}
        columns={[
          { name: 'Partner', cell: ({ organization }) => organization.name },
          { name: 'State', cell: ({ status }) => <ShareState status={status} waitsFor="them" /> },
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
          {
            name: 'Actions',
            cell: ({ organization, status }) => (
              <ConfirmButton
                label={status === 'offered' ? 'Take back' : 'Stop sharing'}
                isSmall
                title={
                  status === 'offered'
                    ? `Take the offer to ${organization.name} back?`
                    : `Stop sharing with ${organization.name}?`
                }
                confirm={status === 'offered' ? 'Take back' : 'Stop sharing'}
                onConfirm={() => call(`${path}/shares/${organization.id}`, { method: 'DELETE' })}
                onDone={() => readAgain(`${path}/shares`).catch(console.error)}
              >
                {status === 'offered' ? 'Nothing was shared yet. You can offer it again.' : ends}
              </ConfirmButton>
            ),
          },
        ]}
      />
      {isOpen ? <OfferDialog kind={kind} path={path} onClose={() => setOpen(false)} /> : null}
    </RecordPart>
  );
}

function OfferDialog({ kind, path, onClose }: Props & { onClose: () => void }) {
  const readAgain = useReadAgain();
  const form = useForm({
    initial: { partner: '' },
    save: async ({ partner }) => {
      const id = partner.trim();
      if (id === '')
        return { ok: false, status: 0, detail: '', fields: { partner: 'Enter the ID of an organization.' } };
      return call<Share>(`${path}/shares/${encodeURIComponent(id)}`, { method: 'PUT' });
    },
    onSaved: async () => {
      onClose();
      await readAgain(`${path}/shares`);
    },
  });
  return (
    <FormDialog title={`Offer the ${kind} to a partner`} form={form} save="Offer" isOpen onOpen={onClose}>
      <TextField
        label="ID of the partner’s organization"
        hint="They find it on their page “Shared with us”."
        isRequired
        isCode
        {...form.bind('partner')}
      />
      <p>Nothing is shared before they accept. {WORDS[kind].follows}</p>
    </FormDialog>
  );
}
