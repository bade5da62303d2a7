import { Dialog } from '@base-ui/react/dialog';
import { useRef, useState } from 'react';
import type { Command } from './commands.ts';
import { areKeysOn, turnKeys } from './use-keys.ts';

/** Keys of the composer, which are no commands. */
const WRITING: readonly (readonly [string, string])[] = [
  ['Enter', 'Send (mail: Ctrl+Enter)'],
  ['Shift+Enter', 'New line'],
  ['Tab', 'Insert the suggested answer into an empty field'],
  ['Ctrl+Shift+Enter', 'Send the suggested answer as it is'],
  ['Esc', 'Dismiss the suggestion, or leave the field; the draft stays'],
];

type Props = { commands: readonly Command[]; onClose: () => void };

/** All keys, and the switch for the single ones. */
export default function KeyHelp({ commands, onClose }: Props) {
  const [isOn, setOn] = useState(areKeysOn);
  const done = useRef<HTMLButtonElement>(null);
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="palette key-help" initialFocus={done}>
          <Dialog.Title>Keys</Dialog.Title>
          <dl>
            {commands.map(({ id, name, keys }) =>
              keys === null ? null : (
                <div key={id}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{name}</dd>
                </div>
              ),
            )}
            {WRITING.map(([keys, name]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{name}</dd>
              </div>
            ))}
          </dl>
          <label>
            <input
              type="checkbox"
              checked={isOn}
              onChange={(event) => {
                setOn(event.target.checked);
                turnKeys(event.target.checked);
              }}
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
