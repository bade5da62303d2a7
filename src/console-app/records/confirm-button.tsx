import { AlertDialog } from '@base-ui/react/alert-dialog';
import { type ReactNode, useState } from 'react';
import type { Answer } from '../hub/call.ts';
import { withoutDirectionMarks } from '../words/names.ts';
import './records.css';

type Props = {
  /** What the button says. */
  label: ReactNode;
  /** The question. */
  title: string;
  /** What follows, so that nobody is surprised. */
  children: ReactNode;
  /** What the button says that does it. */
  confirm: string;
  isSmall?: boolean;
  /** It is what one has come for, and does no harm. */
  isPrimary?: boolean;
  onConfirm: () => Promise<Answer<unknown>>;
  onDone?: () => void;
};

/** Does something of weight, after a question. A refusal stays in the dialog, in words. */
export function ConfirmButton({ label, title, children, confirm, isSmall, isPrimary, onConfirm, onDone }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function run(): Promise<void> {
    setBusy(true);
    const answer = await onConfirm();
    setBusy(false);
    if (!answer.ok) return setProblem(answer.detail);
    setOpen(false);
    onDone?.();
  }

  function open(isNow: boolean): void {
    setProblem(null);
    setOpen(isNow);
  }

  return (
    <AlertDialog.Root open={isOpen} onOpenChange={open}>
      <AlertDialog.Trigger
        className={`button${isSmall === true ? ' small' : ''}${isPrimary === true ? ' primary' : ''}`}
      >
        {label}
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog is-narrow">
          <AlertDialog.Title className="dialog-title">{withoutDirectionMarks(title)}</AlertDialog.Title>
          <AlertDialog.Description render={<div />}>{children}</AlertDialog.Description>
          {problem === null ? null : (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <p className="record-form-foot">
            <button
              type="button"
              className={isPrimary === true ? 'button primary' : 'button danger'}
              disabled={isBusy}
              onClick={() => run().catch(console.error)}
            >
              {confirm}
            </button>
            <AlertDialog.Close className="button">Cancel</AlertDialog.Close>
          </p>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
