import { useEffect, useRef } from 'react';
import type { Command } from './commands.ts';
import { KeySequence } from './key-sequence.ts';

const KEPT = 'umi.single-keys';

/** Whether single keys do something. Somebody who uses speech input must be able to turn them off (WCAG 2.1.4). */
export const areKeysOn = (): boolean => localStorage.getItem(KEPT) !== 'off';
export const turnKeys = (isOn: boolean): void => localStorage.setItem(KEPT, isOn ? 'on' : 'off');

/** Runs commands by their keys. Single keys do nothing while somebody writes or a dialog is open. */
export function useKeys(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const all = commands.map(({ keys }) => keys ?? '').join('\n');

  useEffect(() => {
    const sequence = new KeySequence(all.split('\n').filter((keys) => keys !== ''));
    function pressed(event: KeyboardEvent): void {
      const isCommand = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || event.isComposing) return;
      if (!isCommand && (isWriting(event.target) || !areKeysOn() || isDialogOpen())) return;
      const keys = sequence.press(event, Date.now());
      const command = latest.current.find((each) => keys !== null && each.keys === keys);
      if (command === undefined) return;
      event.preventDefault();
      command.run();
    }
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [all]);
}

const isDialogOpen = () => document.querySelector('[role="dialog"], [role="menu"]') !== null;

/** Whether a press belongs to what somebody writes: single keys do nothing there. */
function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
