import { useEffect, useRef, useSyncExternalStore } from 'react';

/** So often (ms) somebody is told of visitors who wait, until nobody waits. */
const REPEATED = 30_000;
const KEPT = 'umi.alerts';

const listeners = new Set<() => void>();

/** Whether this browser tells of visitors who wait. */
export const areAlertsOn = (): boolean => localStorage.getItem(KEPT) === 'on';

/**
 * Turns alerts on or off. Called by a click, since browsers let a page make sounds and ask for notifications only after one.
 * Without the permission for notifications there is the sound alone.
 */
export async function turnAlerts(isOn: boolean): Promise<void> {
  localStorage.setItem(KEPT, isOn ? 'on' : 'off');
  for (const listener of listeners) listener();
  if (!isOn) return;
  chime();
  if ('Notification' in globalThis && Notification.permission === 'default') await Notification.requestPermission();
}

export function useAlertsOn(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, areAlertsOn);
}

/**
 * Tells of visitors who wait: at once when there is one more, and again until nobody waits. Somebody who is away, or looks at
 * the page, is not disturbed by notifications.
 */
export function useAlerts(waiting: number, isAvailable: boolean, onOpen: () => void): void {
  const isOn = useAlertsOn() && isAvailable;
  const before = useRef(waiting);
  const open = useRef(onOpen);
  open.current = onOpen;

  useEffect(() => {
    const isMore = waiting > before.current;
    before.current = waiting;
    if (!isOn || waiting === 0) return;
    if (isMore) alertOf(waiting, () => open.current());
    const timer = setInterval(() => alertOf(waiting, () => open.current()), REPEATED);
    return () => clearInterval(timer);
  }, [waiting, isOn]);
}

function alertOf(waiting: number, onOpen: () => void): void {
  chime();
  if (document.hasFocus() || !('Notification' in globalThis) || Notification.permission !== 'granted') return;
  const words = waiting === 1 ? 'A visitor waits for an answer' : `${waiting} visitors wait for an answer`;
  // With the same tag a notification takes the place of the one before.
  const notification = new Notification('UMI', { body: words, tag: 'umi-waiting' });
  notification.onclick = () => {
    window.focus();
    onOpen();
    notification.close();
  };
}

let audio: AudioContext | undefined;

/** Two short tones, made here: a file would be one more request. */
function chime(): void {
  audio ??= new AudioContext();
  const begin = audio.currentTime;
  for (const [tone, after] of [
    [660, 0],
    [880, 0.14],
  ] as const) {
    const oscillator = audio.createOscillator();
    const volume = audio.createGain();
    oscillator.frequency.value = tone;
    volume.gain.setValueAtTime(0.08, begin + after);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + after + 0.3);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(begin + after);
    oscillator.stop(begin + after + 0.3);
  }
}
