import { useId } from 'react';
import { filledIn } from '../../composer/reply-text.ts';
import { useDesk } from '../../desk/desk.tsx';
import { LongTextField, TextField } from '../../records/fields.tsx';
import type { Bound } from '../../records/form.ts';
import './replies.css';

type Props = { shortcut: Bound<string>; message: Bound<string> };

/** What a canned reply is, and what it becomes in a chat. */
export function ReplyFields({ shortcut, message }: Props) {
  return (
    <>
      <TextField
        label="Shortcut"
        hint="Typed after “/”. Letters, digits, “_” and “-”."
        isRequired
        isCode
        {...shortcut}
      />
      <LongTextField
        label="Text"
        hint={
          <>
            The console fills in <code>{'{{visitor_name}}'}</code>, <code>{'{{agent_name}}'}</code> and the visitor’s
            variables by their names, such as <code>{'{{order}}'}</code>. What it does not know stays in braces.
          </>
        }
        isRequired
        rows={6}
        {...message}
      />
      <Preview message={message.value} />
    </>
  );
}

function Preview({ message }: { message: string }) {
  const { session } = useDesk();
  const id = useId();
  if (message.trim() === '') return null;
  const facts = new Map([
    ['visitor_name', 'Jane Doe'],
    ['agent_name', session.user.full_name],
  ]);
  return (
    <section className="reply-preview" aria-labelledby={id}>
      <h3 id={id}>In a chat with Jane Doe</h3>
      <p>{filledIn(message, facts)}</p>
    </section>
  );
}
