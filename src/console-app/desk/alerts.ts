import { useEffect, useRef, useSyncExternalStore } from 'react';
import { type Alerted, alertWords } from './alert-words.ts';
import { ALERT_KINDS, type AlertKind } from './preferences.ts';

/** So often (ms) somebody is told of what waits for them, until nothing does. */
const REPEATED = 30_000;
const KEPT = 'umi.alerts';

const listeners = new Set<() => void>();

/** Whether this browser tells of what waits for the user. */
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
 * Tells of what waits for the user: at once when there is more of it, and again until there is nothing. Of notes that mention
 * them it tells once. Somebody who is away, or looks at the page, is not disturbed by notifications. `onOpen`: they want to see it.
 */
export function useAlerts(alerted: Alerted, isAvailable: boolean, onOpen: (kind: AlertKind) => void): void {
  const isOn = useAlertsOn() && isAvailable;
  const { waiting, mine, mentioned, invitations } = alerted;
  const before = useRef(alerted);
  const open = useRef(onOpen);
  open.current = onOpen;

  useEffect(() => {
    const now = { waiting, mine, mentioned, invitations };
    const isMore = ALERT_KINDS.some((kind) => now[kind] > before.current[kind]);
    before.current = now;
    if (!isOn) return;
    if (isMore) alertOf(now, (kind) => open.current(kind));
    const repeated = { ...now, mentioned: 0 };
    if (alertWords(repeated) === '') return;
    const timer = setInterval(() => alertOf(repeated, (kind) => open.current(kind)), REPEATED);
    return () => clearInterval(timer);
  }, [waiting, mine, mentioned, invitations, isOn]);
}

function alertOf(alerted: Alerted, onOpen: (kind: AlertKind) => void): void {
  chime();
  if (document.hasFocus() || !('Notification' in globalThis) || Notification.permission !== 'granted') return;
  // With the same tag a notification takes the place of the one before.
  const notification = new Notification('UMI', { body: alertWords(alerted), tag: 'umi-waiting' });
  notification.onclick = () => {
    window.focus();
    onOpen(ALERT_KINDS.find((kind) => alerted[kind] > 0) ?? 'waiting');
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
