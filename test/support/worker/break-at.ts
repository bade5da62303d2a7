import { env } from 'cloudflare:workers';
import type { Answer, Command } from '../../../src/domain/commands.ts';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import { commandThread } from '../../../src/rpc/thread.ts';
import { accepted } from './threads.ts';

/** Makes the next `times` runs of a step end in a crash of the object, or in an error. */
export function breakAt(step: FaultStep, times: number, how: 'crash' | 'error'): { passed: () => number } {
  let passed = 0;
  onFault((at, crash) => {
    if (at !== step || passed >= times) return;
    passed += 1;
    if (how === 'crash') crash();
    throw new Error('fault: network connection lost');
  });
  return { passed: () => passed };
}

/** Sends a command like a client that repeats it until it is answered. */
export async function sendUntilAnswered(command: Command, thread: string): Promise<Answer> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return accepted((await commandThread(env, thread, command)).result);
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
  throw new Error('unreachable');
}
