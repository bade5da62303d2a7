import { describe, expect, it } from 'vitest';
import type { StoredSecret } from '../../../src/db/rows.ts';
import {
  CHANNEL_ORDERS,
  type ChannelOrdering,
  deleteChannel,
  findChannel,
  findChannelOrDeleted,
  insertChannel,
  listChannels,
  type NewChannel,
  rotateChannelSecret,
  updateChannel,
} from '../../../src/directory/channels.ts';
import { deleteRoom } from '../../../src/directory/rooms.ts';
import { QUOTAS } from '../../../src/resources/quotas.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { AT, cost, database, newOrganization, newRoom, page } from '../../support/worker/directory-rows.ts';

/** Any text: these queries neither wrap nor unwrap. */
const stored = (text: string) => text as unknown as StoredSecret;

function channelIn(room_id: string, fields: Partial<NewChannel> = {}): NewChannel {
  return {
    id: newUuid(AT),
    room_id,
    name: 'Mail',
    messaging_channel: 'email',
    reply_webhook_url: 'https://example.com/hook',
    max_retry_count: 3,
    echo_user_messages: 1,
    is_webhook_enabled: 1,
    notify_purges: 0,
    secret: stored('whsec_one'),
    registered_origin: 'https://hub.example',
    created_at: AT,
    ...fields,
  };
}

async function addChannel(organizationId: string, channel: NewChannel) {
  const added = await insertChannel(database, organizationId, channel, QUOTAS.channels);
  return added.ok ? added.row : null;
}

describe('channels', () => {
  it('belong to a room of their organization', async () => {
    const mine = await newOrganization();
    const other = await newOrganization();
    const room = await newRoom(mine);
    const channel = channelIn(room);
    expect(await addChannel(other, channel)).toBeNull();
    expect(await addChannel(mine, channel)).toMatchObject({
      ...channel,
      organization_id: mine,
      previous_secret: null,
      deleted_at: null,
      modified_at: AT,
    });
    expect(await findChannel(database, other, channel.id)).toBeNull();
    expect(await updateChannel(database, other, channel.id, { name: 'x' }, AT + 1)).toBeNull();
    expect(await deleteChannel(database, other, channel.id, AT + 1)).toBe(false);
    expect(await deleteRoom(database, other, room, AT)).toBe('not_found');
    expect(await deleteRoom(database, mine, room, AT)).toEqual({ channels: [{ id: channel.id, name: channel.name }] });
    expect(await deleteChannel(database, mine, channel.id, AT + 1)).toBe(true);
    expect(await deleteRoom(database, mine, room, AT)).toBe('deleted');
    expect(await addChannel(mine, channelIn(room))).toBeNull();
  });

  it('of a room keep it from being deleted, and only they are read for that', async () => {
    const mine = await newOrganization();
    const [room, empty] = [await newRoom(mine), await newRoom(mine)];
    const ids: string[] = [];
    for (let place = 0; place < 25; place++) {
      const channel = await addChannel(mine, channelIn(room, { name: `Mail ${place}` }));
      ids.push(channel?.id ?? '');
    }
    const before = cost.d1.rowsRead;
    expect(await deleteRoom(database, mine, empty, AT)).toBe('deleted');
    expect(cost.d1.rowsRead - before).toBeLessThan(10);
    const refused = await deleteRoom(database, mine, room, AT);
    expect(typeof refused === 'object' && refused.channels.map(({ id }) => id)).toEqual(ids.toSorted().slice(0, 20));
  });

  it('change only the given properties, and move only to a room of the organization', async () => {
    const organization = await newOrganization();
    const room = await newRoom(organization);
    const foreignRoom = await newRoom(await newOrganization());
    const channel = channelIn(room);
    await addChannel(organization, channel);
    const changed = await updateChannel(
      database,
      organization,
      channel.id,
      { name: 'Post', max_retry_count: 0 },
      AT + 5,
    );
    expect(changed).toMatchObject({
      ...channel,
      name: 'Post',
      max_retry_count: 0,
      modified_at: AT + 5,
      created_at: AT,
    });
    expect(await updateChannel(database, organization, channel.id, { room_id: foreignRoom }, AT + 6)).toBeNull();
    expect(await findChannel(database, organization, channel.id)).toEqual(changed);
    const secondRoom = await newRoom(organization);
    expect(await updateChannel(database, organization, channel.id, { room_id: secondRoom }, AT + 7)).toMatchObject({
      room_id: secondRoom,
    });
  });

  it('stay readable for their delivery log after they were deleted', async () => {
    const organization = await newOrganization();
    const channel = channelIn(await newRoom(organization));
    await addChannel(organization, channel);
    expect(await deleteChannel(database, organization, channel.id, AT + 9)).toBe(true);
    expect(await deleteChannel(database, organization, channel.id, AT + 10)).toBe(false);
    expect(await findChannel(database, organization, channel.id)).toBeNull();
    expect(await findChannelOrDeleted(database, organization, channel.id)).toMatchObject({ deleted_at: AT + 9 });
    expect(await listChannels(database, organization, '-created_at', page(10))).toEqual([]);
    expect(await updateChannel(database, organization, channel.id, { name: 'x' }, AT)).toBeNull();
  });

  it('keep the previous secret during the grace of a rotation', async () => {
    const organization = await newOrganization();
    const channel = channelIn(await newRoom(organization));
    await addChannel(organization, channel);
    const graceful = {
      replaces: channel.secret,
      secret: stored('whsec_two'),
      previous_secret: stored('whsec_one again'),
      previous_secret_expires_at: AT + 100,
      now: AT + 1,
    };
    expect(await rotateChannelSecret(database, organization, channel.id, graceful)).toMatchObject({
      secret: 'whsec_two',
      previous_secret: 'whsec_one again',
      previous_secret_expires_at: AT + 100,
    });
    expect(await rotateChannelSecret(database, organization, channel.id, graceful)).toBeNull();
    const sudden = {
      replaces: graceful.secret,
      secret: stored('whsec_three'),
      previous_secret: null,
      previous_secret_expires_at: null,
      now: AT + 2,
    };
    expect(await rotateChannelSecret(database, organization, channel.id, sudden)).toMatchObject({
      secret: 'whsec_three',
      previous_secret: null,
      previous_secret_expires_at: null,
    });
    const again = { ...sudden, replaces: sudden.secret };
    expect(await rotateChannelSecret(database, await newOrganization(), channel.id, again)).toBeNull();
  });

  it('are listed in each ordering, page by page, by their index', async () => {
    const organization = await newOrganization();
    const room = await newRoom(organization);
    const kinds = ['slack', 'email', 'email', 'zendesk', 'email'];
    for (const [place, messaging_channel] of kinds.entries()) {
      const channel = channelIn(room, {
        messaging_channel,
        name: String(place),
        created_at: AT + Math.floor(place / 2),
      });
      await addChannel(organization, channel);
      await updateChannel(database, organization, channel.id, {}, AT + 100 - place);
    }
    for (const ordering of Object.keys(CHANNEL_ORDERS) as ChannelOrdering[]) {
      const { columns, descending } = CHANNEL_ORDERS[ordering];
      const [column] = columns;
      const all = await listChannels(database, organization, ordering, page(10));
      expect(all).toHaveLength(5);
      const sorted = [...all].sort((a, b) => {
        const [left, right] = [a[column], b[column]];
        const order = left === right ? (a.id < b.id ? -1 : 1) : left < right ? -1 : 1;
        return descending ? -order : order;
      });
      expect(all).toEqual(sorted);
      const [, second] = all;
      const key = [second?.[column] ?? '', second?.id ?? ''];
      expect(await listChannels(database, organization, ordering, page(2, key))).toEqual(all.slice(2, 4));
      expect(await listChannels(database, organization, ordering, page(2, key, 'previous'))).toEqual(all.slice(0, 1));
      const readBefore = cost.d1.rowsRead;
      await listChannels(database, organization, ordering, page(2, key));
      expect(cost.d1.rowsRead - readBefore).toBeLessThanOrEqual(2 * 2 + 2);
    }
  });
});
