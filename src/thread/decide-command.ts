import type { Command } from '../domain/commands.ts';
import { addressRefusal, decide } from '../domain/decide/decide.ts';
import { type Decision, refuse } from '../domain/decide/recorder.ts';
import type { ThreadState } from '../domain/state.ts';
import { newUuid } from '../resources/uuid.ts';
import { isTooFullFor, type StorageSize } from './storage-size.ts';
import type { AcceptedBefore } from './store/recent-commands.ts';

/**
 * Decides a command with the time of the clock and random ids. The time is later than the last event's, so events of
 * a thread have growing times whatever the clock does. `before` is the state with what was loaded for the command,
 * `known` the same command as it was accepted before.
 */
export function decideCommand(
  command: Command,
  before: ThreadState,
  known: AcceptedBefore | null,
  size: StorageSize,
): Decision {
  if (known?.is_other_request) return refuse({ reason: 'key_reused' });
  const refusal = addressRefusal(command, before);
  if (refusal !== null) return refuse(refusal);
  if (isTooFullFor(command, size.bytes)) return refuse({ reason: 'thread_full' });
  const now = Math.max(Date.now(), before.last_at + 1);
  return decide(before, command, {
    command_id: command.command_id,
    now,
    newMappingId: () => newUuid(now),
    newVisitorId: () => crypto.randomUUID().replaceAll('-', ''),
    newId: () => newUuid(now),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
}
