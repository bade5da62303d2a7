import { describe, expect, it } from 'vitest';
import { transitionsOf } from '../../../../src/domain/evolve.ts';
import { emptyThread } from '../../../../src/domain/state.ts';
import type { Audience, Installation, Subscription } from '../../../../src/notifications/audience.ts';
import type { UserSubscriber } from '../../../../src/notifications/subscriber.ts';
import { compilePattern } from '../../../../src/resources/topic.ts';
import { fanOutWebhooks, type LaneCheckpoint, makeRest, type Unmade } from '../../../../src/thread/webhooks/fan-out.ts';
import { bodiesOf } from '../../../support/bodies-of.ts';
import { end, incoming, join, post, START, waitingChat } from '../../../support/sample-commands.ts';
import { BOT, ROUTING } from '../../../support/sample-events.ts';
import { ORGANIZATION, ThreadModel } from '../../../support/thread-model.ts';

const REACH = { organization_id: ORGANIZATION, room_ids: [] };
const SUBSCRIBER: UserSubscriber = {
  kind: 'user',
  organization_id: ORGANIZATION,
  user_id: BOT.id,
  has_reports: true,
  keeps_private_history: false,
  reach: REACH,
  history_reach: REACH,
  member_reach: REACH,
  organization_reach: REACH,
  stands_for: [],
};
const RECEIVER = 'installation/018f0000-0000-7000-8000-000000000aaa';

function subscription(webhook_id: string, path: string, more: Partial<Subscription> = {}): Subscription {
  const channel = compilePattern(`/api/v5/${path}`, { organization_id: ORGANIZATION, user_id: BOT.id });
  if (channel === null) throw new Error(`no channel: ${path}`);
  return { webhook_id, channel, on_added: true, on_changed: true, on_removed: true, ...more };
}

const installed = (...subscriptions: Subscription[]): Installation => ({
  receiver: RECEIVER,
  listener: SUBSCRIBER,
  subscriptions,
});

/** The webhooks of all events of a thread. */
function accepted(
  model: ThreadModel,
  installations: Installation[],
  more: { isSilent?: boolean; checkpoints?: LaneCheckpoint[]; room?: number } = {},
) {
  const audience: Audience = { installations, hubs: [] };
  const { isSilent = false, checkpoints = [], room = 1000 } = more;
  return fanOutWebhooks(model.log, transitionsOf(emptyThread(model.state.name), model.log), {
    target: null,
    audience,
    isSilent,
    checkpointOf: (receiver) => checkpoints.find((checkpoint) => checkpoint.receiver === receiver) ?? null,
    room,
  });
}

const OWNED = 'orgs/{organization_id}/owned_chats';
const CHATS = subscription('chats', OWNED);
const MESSAGES = subscription('messages', `${OWNED}/*/messages`);

describe('the webhooks of an installed app', () => {
  it('are one for each notification and subscription, in one lane, in the order of the events', () => {
    const { model, chatId } = waitingChat();
    model.answer(incoming('again'));
    const { outbox, lanes } = accepted(model, [installed(CHATS, MESSAGES)]);
    const update = outbox.rows.map(({ webhook_id, event_type, channel, resource_id }) => [
      webhook_id,
      event_type,
      channel,
      resource_id,
    ]);
    const chats = `/api/v5/orgs/${ORGANIZATION}/owned_chats`;
    const [messageId, secondId] = model.log.flatMap((event) =>
      event.type === 'message_added' ? [event.message.id] : [],
    );
    expect(update).toEqual([
      ['chats', 'added', chats, chatId],
      ['messages', 'added', `${chats}/${chatId}/messages`, messageId],
      ['chats', 'changed', chats, chatId],
      ['messages', 'added', `${chats}/${chatId}/messages`, secondId],
    ]);
    expect(new Set(outbox.rows.map(({ receiver }) => receiver))).toEqual(new Set([RECEIVER]));
    const places = outbox.rows.map(({ seq, ordinal }) => [seq, ordinal]);
    expect(places).toEqual([...places].sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d));
    expect(lanes).toEqual([
      { receiver: RECEIVER, organization_id: ORGANIZATION, accepted: 4, last_seq: outbox.rows.at(-1)?.seq },
    ]);
  });

  it('have the documented envelope, and name the event accepted before', () => {
    const { model } = waitingChat();
    model.answer(incoming('again'));
    const { outbox, events } = accepted(model, [installed(CHATS, MESSAGES)]);
    const bodies = bodiesOf(outbox).map((body) => JSON.parse(body) as Record<string, unknown>);
    for (const body of bodies) {
      expect(Object.keys(body)).toEqual(['channel', 'action', 'resource_id', 'resource', 'seq', 'prev_seq']);
    }
    const [first, second, third, fourth] = bodies;
    expect(first).toMatchObject({ action: 'added', prev_seq: null, resource: { id: first?.['resource_id'] } });
    expect(Object.keys(first?.['resource'] as object)).toContain('room_organization_id');
    expect(second?.['prev_seq']).toBe(first?.['seq']);
    expect(third?.['resource']).not.toHaveProperty('id');
    // Two webhooks of one event both follow the event before it.
    expect([third?.['seq'], third?.['prev_seq']]).toEqual([fourth?.['seq'], second?.['seq']]);
    expect(fourth?.['prev_seq']).toBe(second?.['seq']);
    const acceptances = events.flatMap((event) => event.accepted);
    expect(acceptances.map((each) => ('rows' in each ? each.rows : null))).toEqual([1, 1, 2]);
  });

  it('continue from what the lane has accepted', () => {
    const { model } = waitingChat();
    const checkpoint = { receiver: RECEIVER, organization_id: ORGANIZATION, accepted: 7, last_seq: 1 };
    const { outbox, lanes } = accepted(model, [installed(MESSAGES)], { checkpoints: [checkpoint] });
    expect(JSON.parse(bodiesOf(outbox)[0] ?? '')).toMatchObject({ prev_seq: 1 });
    expect(lanes).toEqual([{ ...checkpoint, accepted: 8, last_seq: outbox.rows[0]?.seq }]);
  });

  it('are made only for subscribed actions', () => {
    const { model, chatId } = waitingChat();
    model.answer(join(chatId));
    const only = (more: Partial<Subscription>) =>
      accepted(model, [
        installed(
          subscription('p', 'users/{user_id}/pending_chats', {
            on_added: false,
            on_changed: false,
            on_removed: false,
            ...more,
          }),
        ),
      ]).outbox.rows.map(({ event_type }) => event_type);
    expect(only({ on_added: true })).toEqual(['added']);
    expect(only({ on_removed: true })).toEqual(['removed']);
    expect(new Set(only({ on_changed: true }))).toEqual(new Set([]));
  });

  it('contain only the id of a chat that leaves a collection', () => {
    const { model, chatId } = waitingChat();
    model.answer(join(chatId));
    const pending = subscription('p', 'users/{user_id}/pending_chats', { on_added: false, on_changed: false });
    const [body] = bodiesOf(accepted(model, [installed(pending)]).outbox);
    expect(JSON.parse(body ?? '')).toMatchObject({ action: 'removed', resource: { id: chatId } });
  });

  it('are not made for silent events', () => {
    const { model } = waitingChat();
    expect(accepted(model, [installed(CHATS, MESSAGES)], { isSilent: true })).toMatchObject({
      outbox: { rows: [], contents: [] },
      lanes: [],
    });
    const silent = new ThreadModel(START);
    silent.answer(incoming('quiet', { skip_webhooks: true }));
    expect(accepted(silent, [installed(MESSAGES)]).outbox.rows).toEqual([]);
  });

  it('are the same whether they are made at once or in portions', () => {
    const { model, chatId } = waitingChat();
    model.answer(join(chatId));
    model.answer(post(chatId));
    model.answer(end(chatId));
    const installations = [installed(CHATS, MESSAGES)];
    const whole = accepted(model, installations);
    expect(whole.rest).toBeNull();
    for (const room of [0, 1, 2, 5]) {
      const begun = accepted(model, installations, { room });
      expect(begun.outbox.rows).toHaveLength(room);
      expect(begun.events).toEqual(whole.events);
      expect(begun.lanes.map(({ accepted: count, last_seq }) => [count, last_seq])).toEqual([
        [room, whole.lanes[0]?.last_seq],
      ]);
      // As it is stored.
      let unmade = JSON.parse(JSON.stringify(begun.rest?.unmade)) as Unmade[];
      const bodies = bodiesOf(begun.outbox);
      const { rows } = begun.outbox;
      const acceptedOf = (seq: number) => whole.events.find((event) => event.seq === seq)?.accepted ?? [];
      while (unmade.length > 0) {
        const { outbox, next } = makeRest(unmade, { target: null, installations }, acceptedOf, 3);
        rows.push(...outbox.rows);
        bodies.push(...bodiesOf(outbox));
        unmade = unmade
          .filter(({ update }) => next !== null && update.seq >= next.seq)
          .map(({ update, from }) => ({ update, from: update.seq === next?.seq ? next.from : from }));
      }
      expect(rows).toEqual(whole.outbox.rows);
      expect(bodies).toEqual(bodiesOf(whole.outbox));
    }
  });

  it('share the text of a resource, which is stored once', () => {
    const { model } = waitingChat();
    const subscriptions = Array.from({ length: 20 }, (_, index) => subscription(`m${index}`, `${OWNED}/*/messages`));
    const { outbox } = accepted(model, [installed(...subscriptions)]);
    expect(outbox.rows).toHaveLength(20);
    expect(outbox.contents.map(({ resources }) => resources.length)).toEqual([1]);
    for (const { body } of outbox.rows) expect(body.length).toBeLessThan(300);
    const [first, ...others] = bodiesOf(outbox);
    expect(new Set(others)).toEqual(new Set([first]));
  });

  it('do not change the lanes of other installations and of the channel', () => {
    const { model, chatId } = waitingChat();
    model.answer(join(chatId));
    model.answer(post(chatId));
    model.answer(end(chatId));
    const other = { ...installed(MESSAGES), receiver: 'installation/other' };
    const audience: Audience = { installations: [installed(CHATS), other], hubs: [] };
    const { outbox, lanes } = fanOutWebhooks(model.log, transitionsOf(emptyThread(model.state.name), model.log), {
      target: ROUTING,
      audience,
      isSilent: false,
      checkpointOf: () => null,
      room: 1000,
    });
    for (const receiver of [RECEIVER, 'installation/other', ROUTING.receiver]) {
      const rows = outbox.rows.filter((row) => row.receiver === receiver);
      expect(lanes.find((lane) => lane.receiver === receiver)?.accepted).toBe(rows.length);
      const bodies = bodiesOf({ ...outbox, rows }).map(
        (body) => JSON.parse(body) as { seq: number; prev_seq: number | null },
      );
      const seqs = [...new Set(bodies.map(({ seq }) => seq))];
      for (const { seq, prev_seq } of bodies) expect(prev_seq).toBe(seqs[seqs.indexOf(seq) - 1] ?? null);
    }
  });
});
