import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import type { FormState } from './form.ts';
import './records.css';

type Props = { form: FormState; save: string; children: ReactNode };

/** The fields of a resource that is there already. Saving is possible once something has changed. */
export function RecordForm({ form, save, children }: Props) {
  return (
    <form className="record-form" onSubmit={form.submit} noValidate>
      {children}
      <FormProblem form={form} />
      <p className="record-form-foot">
        <button type="submit" className="button primary" disabled={form.isBusy || !form.isChanged}>
          {save}
        </button>
        <span className="muted" role="status">
          {stateOf(form)}
        </span>
      </p>
    </form>
  );
}

function stateOf({ isBusy, isChanged, isSaved }: FormState): string {
  if (isBusy) return 'Saving…';
  if (isChanged) return 'Not saved yet';
  return isSaved ? 'Saved' : '';
}

type DialogProps = Props & { title: string; isOpen: boolean; onOpen: (isOpen: boolean) => void };

/** A form over the page, for something new. */
export function FormDialog({ title, form, save, isOpen, onOpen, children }: DialogProps) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpen}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          <form className="record-form" onSubmit={form.submit} noValidate>
            {children}
            <FormProblem form={form} />
            <p className="record-form-foot">
              <button type="submit" className="button primary" disabled={form.isBusy}>
                {save}
              </button>
              <Dialog.Close className="button">Cancel</Dialog.Close>
            </p>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function FormProblem({ form: { problem } }: { form: FormState }) {
  return problem === null ? null : (
    <p className="problem" role="alert">
      {problem}
    </p>
  );
}
