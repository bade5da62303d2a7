import { Dialog } from '@base-ui/react/dialog';
import { type KeyboardEvent, useId, useState } from 'react';
import type { Command } from './commands.ts';
import './palette.css';

type Props = { commands: readonly Command[]; onClose: () => void };

/** All commands, to be found by their names. */
export default function Palette({ commands, onClose }: Props) {
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="palette" aria-label="Commands">
          <PaletteList commands={commands} onDone={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteList({ commands, onDone }: { commands: readonly Command[]; onDone: () => void }) {
  const list = useId();
  const [words, setWords] = useState('');
  const [place, setPlace] = useState(0);
  const found = commands.filter(({ name }) => name.toLowerCase().includes(words.trim().toLowerCase()));
  const index = Math.max(0, Math.min(place, found.length - 1));

  function run(command: Command | undefined): void {
    if (command === undefined) return;
    onDone();
    command.run();
  }

  function pressed(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown') setPlace((index + 1) % Math.max(1, found.length));
    else if (event.key === 'ArrowUp') setPlace((index + found.length - 1) % Math.max(1, found.length));
    else if (event.key === 'Enter') run(found[index]);
    else return;
    event.preventDefault();
  }

  return (
    <>
      <input
        className="palette-field"
        role="combobox"
        aria-label="Find a command"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found.length === 0 ? undefined : `${list}-${index}`}
        placeholder="What do you want to do?"
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          setPlace(0);
        }}
        onKeyDown={pressed}
      />
      <div id={list} role="listbox" aria-label="Commands" className="palette-list">
        {found.map((command, position) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above handles the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, as for every combobox
          <div
            key={command.id}
            id={`${list}-${position}`}
            role="option"
            aria-selected={position === index}
            onClick={() => run(command)}
            onPointerMove={() => setPlace(position)}
          >
            <span>{command.name}</span>
            {command.keys === null ? null : <kbd>{command.keys}</kbd>}
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className="palette-none muted">No command has this name.</p> : null}
    </>
  );
}
