import { useState } from 'react';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { ShownOnce } from '../../records/shown-once.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { type Key, type Kind, WORDS } from './interface-words.ts';

type CreatedKey = Key & { key: string };

/** The keys with which programs use an interface. */
export function InterfaceKeys({ path, kind }: { path: string; kind: Kind }) {
  const keys = useCollection<Key>(`${path}/keys`);
  const readAgain = useReadAgain();
  const [isNew, setNew] = useState(false);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  return (
    <RecordPart
      title="Keys"
      about={`A key opens this interface of your organization and nothing else. A program sends it as “${WORDS[kind].header} …”.`}
      actions={
        <button type="button" className="button" onClick={() => setNew(true)}>
          New key
        </button>
      }
    >
      <RecordTable
        caption="Keys"
        collection={keys}
        keyOf={({ id }) => id}
        empty="There is no key yet, so nobody can use this interface."
        columns={[
          { name: 'Label', cell: ({ label }) => (label === '' ? <span className="muted">None</span> : label) },
          { name: 'Made', cell: ({ created_at }) => wholeTimeOf(created_at) },
          {
            name: 'State',
            cell: ({ revoked_at }) => (revoked_at === null ? 'In use' : `Revoked ${wholeTimeOf(revoked_at)}`),
          },
          {
            name: 'Actions',
            cell: ({ id, label, revoked_at }) =>
              revoked_at === null ? (
                <ConfirmButton
                  label={
                    <>
                      Revoke<span className="hidden-text"> {label}</span>
                    </>
                  }
                  isSmall
                  title={label === '' ? 'Revoke the key?' : `Revoke the key “${label}”?`}
                  confirm="Revoke"
                  onConfirm={() => call(`${path}/keys/${id}`, { method: 'DELETE' })}
                  onDone={() => readAgain(path)}
                >
                  Programs that use it are refused, within half a minute as a rule. It cannot be undone.
                </ConfirmButton>
              ) : null,
          },
        ]}
      />
      {isNew ? (
        <NewKeyDialog
          path={`${path}/keys`}
          onClose={() => setNew(false)}
          onCreated={async (key) => {
            setNew(false);
            setCreated(key);
            await readAgain(path);
          }}
        />
      ) : null}
      {created === null ? null : (
        <ShownOnce title="The new key" text={created.key} what="the key" onClose={() => setCreated(null)}>
          Give it to your program now: the hub does not keep it. If it is lost, make another one and revoke this one.
        </ShownOnce>
      )}
    </RecordPart>
  );
}

type DialogProps = { path: string; onClose: () => void; onCreated: (key: CreatedKey) => void };

function NewKeyDialog({ path, onClose, onCreated }: DialogProps) {
  const form = useForm({
    initial: { label: '' },
    save: (values) => call<CreatedKey>(path, { method: 'POST', body: values }),
    onSaved: onCreated,
  });
  return (
    <FormDialog title="New key" form={form} save="Create" isOpen onOpen={onClose}>
      <TextField label="Label" hint="For people: which program has it." {...form.bind('label')} />
    </FormDialog>
  );
}
