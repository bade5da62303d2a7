import { useNavigate } from '@tanstack/react-router';
import type { cannedReplyResource } from '../../../resources/canned-reply.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { ReplyFields } from './reply-fields.tsx';

type Reply = ReturnType<typeof cannedReplyResource>;
type Props = { path: string; reply: Reply };

/** One reply: its form, for those who may change it. */
export function ReplyRecord({ path, reply }: Props) {
  const { session } = useDesk();
  if (reply.visibility === 'organization' && !session.scopes.includes('settings')) {
    return (
      <>
        <p className="code">{reply.message}</p>
        <p className="muted">Everybody has this reply. Somebody with the right to the settings can change it.</p>
      </>
    );
  }
  return <EditedReply path={path} reply={reply} />;
}

function EditedReply({ path, reply }: Props) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const collection = path.slice(0, path.lastIndexOf('/'));
  const form = useForm({
    initial: { shortcut: reply.shortcut, message: reply.message },
    save: (_, changes) => call<Reply>(path, { method: 'PATCH', body: changes }),
    onSaved: () => readAgain(collection),
  });
  return (
    <>
      <RecordForm form={form} save="Save">
        <ReplyFields shortcut={form.bind('shortcut')} message={form.bind('message')} />
      </RecordForm>
      <RecordPart title="Delete">
        <p className="muted">Messages that were sent with it stay.</p>
        <p>
          <ConfirmButton
            label="Delete the reply"
            title={`Delete “/${reply.shortcut}”?`}
            confirm="Delete"
            onConfirm={() => call(path, { method: 'DELETE' })}
            onDone={async () => {
              await navigate({ to: '/settings/$section', params: { section: 'replies' } });
              await readAgain(collection);
            }}
          >
            {reply.visibility === 'user' ? 'You lose the text.' : 'Your colleagues lose the text, too.'}
          </ConfirmButton>
        </p>
      </RecordPart>
    </>
  );
}
