/** Replays every text but that of unified messaging, in organizations of their own. */
import type { DemoOrganizations } from '../demo-organizations.ts';
import { answer, startReceiver } from '../webhook-receiver.ts';
import { chatsText } from './chats-examples.ts';
import { type Outcome, Replay, type Text } from './replay.ts';
import { rpcText } from './rpc-examples.ts';
import { RESPONDER_ANSWER, threadsText } from './threads-examples.ts';
import { visitorText } from './visitor-examples.ts';

const TEXTS: readonly Text[] = [chatsText, rpcText, visitorText, threadsText];

/** Replays the texts against a hub that can reach this machine. */
export async function replayTexts(
  baseUrl: string,
  adminToken: string,
  demo: DemoOrganizations,
  print: (line: string) => void,
): Promise<Outcome> {
  const receiver = await startReceiver();
  receiver.behave(({ path }) =>
    path === '/responder' ? answer(200, { 'Content-Type': 'application/json' }, RESPONDER_ANSWER) : answer(200),
  );
  const known = {
    ADMIN_TOKEN: adminToken,
    RECEIVER: receiver.url,
    ORGANIZATION: demo.organization_id,
    ROOM: demo.room_id,
    SETTINGS_TOKEN: demo.settings_token,
    AGENT: demo.agent.id,
    AGENT_TOKEN: demo.agent.token,
    AGENT2: demo.agent2.id,
    AGENT2_TOKEN: demo.agent2.token,
    BOT: demo.bot.id,
    BOT_TOKEN: demo.bot.token,
    ORGID: demo.rpc.orgid,
    RPC_KEY: demo.rpc.api_key,
    THREADS_KEY: demo.threads.api_key,
  };
  const all: Outcome = { replayed: 0, differences: [] };
  try {
    const replay = new Replay(baseUrl, receiver, known, print);
    for (const text of TEXTS) {
      print(`\n━━ ${text.name}\n`);
      const { replayed, differences } = await replay.play(text);
      all.replayed += replayed;
      all.differences.push(...differences);
    }
    return all;
  } finally {
    await receiver.stop();
  }
}
