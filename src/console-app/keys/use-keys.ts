import { useEffect, useRef } from 'react';
import { useDesk } from '../desk/desk.tsx';
import type { Command } from './commands.ts';
import { KeySequence } from './key-sequence.ts';

/** Runs commands by their keys. Single keys do nothing while somebody writes or a dialog is open. */
export function useKeys(commands: readonly Command[]): void {
  const { preferences } = useDesk();
  const latest = useRef(commands);
  latest.current = commands;
  const all = commands.map(({ keys }) => keys ?? '').join('\n');

  useEffect(() => {
    const sequence = new KeySequence(all.split('\n').filter((keys) => keys !== ''));
    function pressed(event: KeyboardEvent): void {
      const isCommand = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || event.isComposing) return;
      if (!isCommand && (isWriting(event.target) || !preferences.get().has_single_keys || isDialogOpen())) return;
      const keys = sequence.press(event, Date.now());
      const command = latest.current.find((each) => keys !== null && each.keys === keys);
      if (command === undefined) return;
      event.preventDefault();
      command.run();
    }
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [all, preferences]);
}

const isDialogOpen = () => document.querySelector('[role="dialog"], [role="menu"]') !== null;

/** Whether a press belongs to what somebody writes: single keys do nothing there. */
function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
