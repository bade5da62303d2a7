import type { cannedReplyResource } from '../../resources/canned-reply.ts';
import { useDesk } from '../desk/desk.tsx';
import { useChoices } from '../records/read.ts';
import { Picker, type PickerField } from './picker.tsx';
import { filledIn, fittingReplies } from './reply-text.ts';
import { SaveReply } from './save-reply.tsx';

type Reply = ReturnType<typeof cannedReplyResource>;

/** What a reply is filled in with: names, and where the visitor's variables are (null: nowhere). */
export type ReplyFacts = {
  readonly names: ReadonlyMap<string, string>;
  readonly variables: string | null;
};

/** A list of canned replies to choose from. */
export default function ReplyPicker({ field, facts }: { field: PickerField; facts: ReplyFacts }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/canned_replies`;
  const replies = useChoices<Reply>(path);
  const variables = useChoices<{ key: string; value: string }>(facts.variables);
  return (
    <Picker
      field={field}
      label="Canned replies"
      fitting={fittingReplies(replies, field.query)}
      textOf={({ message }) =>
        filledIn(message, new Map([...variables.map(({ key, value }) => [key, value] as const), ...facts.names]))
      }
      draw={({ shortcut, message, visibility }) => (
        <>
          <span className="picker-name">/{shortcut}</span>
          <span className="picker-text">{message}</span>
          {visibility === 'user' ? <span className="chip">Yours</span> : null}
        </>
      )}
      none={replies.length === 0 ? 'There are no canned replies yet.' : `No reply fits “${field.query}”.`}
    >
      {field.rest === '' ? null : <SaveReply path={path} message={field.rest} onDone={field.onClose} />}
    </Picker>
  );
}
