import { AlertDialog } from '@base-ui/react/alert-dialog';
import type { ReactNode } from 'react';
import { CopiedText } from './copied-text.tsx';
import './records.css';

type Props = {
  title: string;
  text: string;
  /** What the text is, after "Copy". */
  what: string;
  /** What it is for, and what to do when it is lost. */
  children: ReactNode;
  onClose: () => void;
};

/** Something that the hub shows only now, such as a new secret. Nothing but its button closes it. */
export function ShownOnce({ title, text, what, children, onClose }: Props) {
  return (
    <AlertDialog.Root open>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
          <p>
            <CopiedText text={text} what={what} />
          </p>
          <AlertDialog.Description render={<div />} className="muted">
            {children}
          </AlertDialog.Description>
          <p className="record-form-foot">
            <button type="button" className="button primary" onClick={onClose}>
              I have copied it
            </button>
          </p>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
