import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { eventually } from '../eventually.ts';
import { passTime } from './clock.ts';
import { storedIn } from './everything-stored.ts';

/** Waits until the key of an ended chat is forgotten, whose room forgets at once. The clock of the test stands afterwards. */
export async function untilForgotten(chatId: string): Promise<void> {
  const object = () => env.THREADS.getByName(threadNameOfChat(chatId) ?? '');
  passTime(8000);
  await eventually(async () => {
    await runDurableObjectAlarm(object());
    expect(await storedIn(object())).not.toMatch(/aesKeyString|"finished_at":null/);
  });
}
