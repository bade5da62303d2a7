import { useState } from 'react';
import type { channelResource } from '../../../resources/channel.ts';
import type { purgeResource } from '../../../resources/purge.ts';
import type { roomResource } from '../../../resources/room.ts';
import { call } from '../../hub/call.ts';
import { SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useChoices, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';

/** Erases a customer, or the messages of a chat. `organization`: its path. */
export function NewPurge({ organization }: { organization: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Purge…
      </button>
      {isOpen ? <PurgeDialog organization={organization} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

const KINDS = [
  { value: 'thread', label: 'A customer who wrote through a channel' },
  { value: 'visitor', label: 'A visitor of a website' },
  { value: 'chat', label: 'The messages of one chat' },
] as const;

type Kind = (typeof KINDS)[number]['value'];

/** What follows. */
const FOLLOWS: Readonly<Record<Kind, string>> = {
  thread: 'Their open chats end. Their messages, name, variables and files are deleted in all rooms.',
  visitor: 'Their open chats end. Their messages, name, variables and files are deleted in all rooms.',
  chat: 'Its texts and files are deleted, with notes and drafts. The chat itself stays, with its times and members.',
};

function PurgeDialog({ organization, onClose }: { organization: string; onClose: () => void }) {
  const readAgain = useReadAgain();
  const channels = useChoices<ReturnType<typeof channelResource>>(`${organization}/unified_messaging`);
  const rooms = useChoices<ReturnType<typeof roomResource>>(`${organization}/rooms`);
  const form = useForm({
    initial: {
      kind: 'thread' as Kind,
      channel: channels[0]?.id ?? '',
      thread_id: '',
      room: rooms[0]?.id ?? '',
      visitor: '',
      chat: '',
    },
    save: ({ kind, ...of }) => {
      const [path, body] = {
        thread: [`unified_messaging/${of.channel}/purge`, { thread_id: of.thread_id }],
        visitor: [`rooms/${of.room}/visitors/${encodeURIComponent(of.visitor.trim())}/purge`, {}],
        chat: [`owned_chats/${encodeURIComponent(chatIdIn(of.chat))}/purge`, {}],
      }[kind] as [string, object];
      return call<ReturnType<typeof purgeResource>>(`${organization}/${path}`, { method: 'POST', body });
    },
    onSaved: async () => {
      onClose();
      await readAgain(`${organization}/purges`);
    },
  });
  const { kind } = form.values;
  return (
    <FormDialog title="Purge" form={form} save="Purge for ever" isOpen onOpen={onClose}>
      <SelectField label="What" choices={KINDS} {...form.bind('kind')} />
      {kind === 'thread' ? (
        <>
          <SelectField label="Channel" choices={namesOf(channels)} {...form.bind('channel')} />
          <TextField
            label="Thread ID"
            hint="What the channel calls them. The panel beside their chat has it."
            isRequired
            isCode
            {...form.bind('thread_id')}
          />
        </>
      ) : kind === 'visitor' ? (
        <>
          <SelectField label="A room that they have visited" choices={namesOf(rooms)} {...form.bind('room')} />
          <TextField label="Visitor ID" isRequired isCode {...form.bind('visitor')} />
        </>
      ) : (
        <TextField
          label="Chat"
          hint="Its address in the console, or its ID."
          isRequired
          isCode
          {...form.bind('chat')}
        />
      )}
      <p>
        <strong>{FOLLOWS[kind]}</strong> Nobody can bring it back. What was sent to channels and apps stays with them:
        they are told, if they want to be.
      </p>
    </FormDialog>
  );
}

const namesOf = (all: readonly { id: string; name: string }[]) =>
  all.map(({ id, name }) => ({ value: id, label: name }));

/** The id at the end of an address of the console, or the id itself. */
function chatIdIn(text: string): string {
  const address = text.trim().split(/[?#]/)[0] ?? '';
  return address.replace(/\/+$/, '').split('/').at(-1) ?? '';
}
