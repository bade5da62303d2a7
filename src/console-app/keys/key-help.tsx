import { Dialog } from '@base-ui/react/dialog';
import { useRef } from 'react';
import { useDesk, usePreferences } from '../desk/desk.tsx';
import type { Command } from './commands.ts';
import './palette.css';

/** Keys of the composer, which are no commands. */
const WRITING: readonly (readonly [string, string])[] = [
  ['Ctrl+Enter', 'Send'],
  ['Tab', 'Insert the suggested answer into an empty field'],
  ['Ctrl+Shift+Enter', 'Send the suggested answer as it is'],
  ['/', 'At the start of a line: choose a canned reply'],
  ['Esc', 'Dismiss the suggestion, or leave the field; the draft stays'],
  ['Ctrl+Z', 'Outside of text fields: undo what a notice says'],
];

type Props = { commands: readonly Command[]; onClose: () => void };

/** All keys, and the switch for the single ones. */
export default function KeyHelp({ commands, onClose }: Props) {
  const { preferences } = useDesk();
  const { has_single_keys, enter_sends } = usePreferences();
  const done = useRef<HTMLButtonElement>(null);
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="palette key-help" initialFocus={done}>
          <Dialog.Title>Keys</Dialog.Title>
          <dl>
            {commands.map(({ id, name, keys }) =>
              keys === null ? null : <KeyLine key={id} keys={keys} name={name} />,
            )}
            {enter_sends ? <KeyLine keys="Enter" name="Send, but not in mail; Shift+Enter begins a line" /> : null}
            {WRITING.map(([keys, name]) => (
              <KeyLine key={keys} keys={keys} name={name} />
            ))}
          </dl>
          <label>
            <input
              type="checkbox"
              checked={has_single_keys}
              onChange={(event) => preferences.change({ has_single_keys: event.target.checked })}
            />{' '}
            Single keys do something
          </label>
          <Dialog.Close ref={done} className="button">
            Done
          </Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function KeyLine({ keys, name }: { keys: string; name: string }) {
  return (
    <div>
      <dt>
        <kbd>{keys}</kbd>
      </dt>
      <dd>{name}</dd>
    </div>
  );
}
