import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appCredentials, enrollManager } from '../../support/worker/apps.ts';
import { make, roomsOf } from '../../support/worker/operator.ts';
import { ask, type Json, resultsOf, TIME } from '../../support/worker/organization.ts';
import { d1With, ORGANIZATION_BINDING } from '../../support/worker/organization-database.ts';
import { type Answer, admin, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const NOBODY = '0190a000-0000-7000-8000-00000000dead';
const NOT_RECEIVED = { detail: 'Nothing of this id is shared or offered.' };

let owner: Person;
let partner: Person;

beforeAll(async () => {
  owner = await enroll({ scopes: ['settings'] });
  partner = await enroll({ scopes: ['settings'] });
});

const outcome = ({ status, json }: Answer) => [status, json];
const orgOf = (person: Person) => `/orgs/${person.organization_id}`;

describe.each(['room', 'team'] as const)('a %s', (kind) => {
  let id: string;

  beforeEach(async () => {
    id = await make(owner.organization_id, `${kind}s`, { name: 'Harbour' });
  });

  const sharesOf = (one = id) => `${orgOf(owner)}/${kind}s/${one}/shares`;
  const offer = (one = id, to = partner) => ask(owner, 'PUT', `${sharesOf(one)}/${to.organization_id}`);
  const takeBack = () => ask(owner, 'DELETE', `${sharesOf()}/${partner.organization_id}`);
  const received = (one = id) => `${orgOf(partner)}/received_shares/${kind}s/${one}`;
  const accept = () => ask(partner, 'PUT', received());
  const leave = () => ask(partner, 'DELETE', received());
  const standing = async () => resultsOf(await ask(owner, 'GET', sharesOf())).map(({ status }) => status);
  const arrived = async () => {
    const all = resultsOf(await ask(partner, 'GET', `${orgOf(partner)}/received_shares/${kind}s?page_size=200`));
    return all.filter((each) => each['id'] === id);
  };

  it('is offered, seen by both, accepted, and left', async () => {
    const share = {
      organization_id: partner.organization_id,
      organization: { id: partner.organization_id, name: expect.any(String) },
      status: 'offered',
      created_at: TIME,
    };
    const offered = await offer();
    expect(outcome(offered)).toEqual([201, share]);
    expect(outcome(await offer())).toEqual([200, offered.json]);
    expect(resultsOf(await ask(owner, 'GET', sharesOf()))).toEqual([offered.json]);
    const seen = {
      id,
      name: 'Harbour',
      organization_id: owner.organization_id,
      organization: { id: owner.organization_id, name: expect.any(String) },
      status: 'offered',
      is_deleted: false,
      created_at: offered.json['created_at'],
    };
    expect(await arrived()).toEqual([seen]);
    expect(outcome(await ask(partner, 'GET', received()))).toEqual([200, seen]);

    const accepted = await accept();
    expect(outcome(accepted)).toEqual([200, { ...seen, status: 'shared', created_at: TIME }]);
    expect(outcome(await accept())).toEqual([200, accepted.json]);
    expect(await arrived()).toEqual([accepted.json]);
    const shared = { ...share, status: 'shared', created_at: accepted.json['created_at'] };
    expect(outcome(await offer())).toEqual([200, shared]);
    expect(resultsOf(await ask(owner, 'GET', sharesOf()))).toEqual([shared]);

    expect((await leave()).status).toBe(204);
    expect(await standing()).toEqual([]);
    for (const answer of [await leave(), await accept(), await ask(partner, 'GET', received())]) {
      expect(outcome(answer)).toEqual([404, NOT_RECEIVED]);
    }
    expect(outcome(await takeBack())).toEqual([404, { detail: 'Share not found.' }]);
  });

  it('that was declined can be offered again, and is ended by its owner', async () => {
    await offer();
    expect((await leave()).status).toBe(204);
    expect([await standing(), await arrived()]).toEqual([[], []]);
    expect((await offer()).status).toBe(201);
    expect((await takeBack()).status).toBe(204);
    expect([await standing(), await arrived()]).toEqual([[], []]);
    expect((await accept()).status).toBe(404);
    await offer();
    await accept();
    expect((await takeBack()).status).toBe(204);
    expect([await standing(), await arrived()]).toEqual([[], []]);
  });

  it('is shared once by any number of acceptances, and either shared or not when it is taken back meanwhile', async () => {
    await offer();
    const answers = await Promise.all(Array.from({ length: 5 }, () => accept()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await standing()).toEqual(['shared']);
    for (let round = 0; round < 4; round++) {
      await takeBack();
      await offer();
      const [ended, accepted] = await Promise.all(round % 2 === 0 ? [takeBack(), accept()] : [accept(), takeBack()]);
      expect([ended, accepted].map((answer) => answer?.status).sort()).toEqual(
        expect.toSatisfy((statuses) => ['200,204', '204,404'].includes(String(statuses))),
      );
      // Taken back before or after: nothing is left.
      expect([await standing(), await arrived()]).toEqual([[], []]);
    }
  });

  it('is shared at once by the operator, which ends the offer', async () => {
    await offer();
    const path = `/organizations/${owner.organization_id}/${kind}s/${id}/shares`;
    const put = await admin(`${path}/${partner.organization_id}`, { method: 'PUT' });
    expect(outcome(put)).toEqual([201, expect.objectContaining({ status: 'shared' })]);
    expect((await admin(`${path}/${partner.organization_id}`, { method: 'PUT' })).status).toBe(200);
    expect(resultsOf(await admin(path))).toEqual([put.json]);
    expect(await arrived()).toMatchObject([{ status: 'shared' }]);
    expect((await leave()).status).toBe(204);
    await offer();
    expect(resultsOf(await admin(path))).toMatchObject([{ status: 'offered' }]);
    expect((await admin(`${path}/${partner.organization_id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await arrived()).toEqual([]);
  });

  it('is offered to no one who is unknown, oneself, or stored elsewhere', async () => {
    const put = (to: string, one = id) => ask(owner, 'PUT', `${sharesOf(one)}/${to}`);
    const unknown = { detail: 'Partner organization not found.' };
    expect(outcome(await put(NOBODY))).toEqual([404, unknown]);
    expect((await put('nonsense')).status).toBe(404);
    expect(outcome(await put(owner.organization_id))).toEqual([
      409,
      { detail: `A ${kind} cannot be shared with its own organization.` },
    ]);
    const elsewhere = ORGANIZATION_BINDING === 'DB' ? 'DB_2' : 'DB';
    await testEnv.DB.prepare('UPDATE organizations SET database = ? WHERE id = ?')
      .bind(elsewhere, partner.organization_id)
      .run();
    const apart = await offer();
    await testEnv.DB.prepare('UPDATE organizations SET database = ? WHERE id = ?')
      .bind(ORGANIZATION_BINDING, partner.organization_id)
      .run();
    expect(outcome(apart)).toEqual([409, { detail: 'The two organizations are stored in different databases.' }]);
    expect((await offer(NOBODY)).status).toBe(404);
    expect((await ask(owner, 'GET', sharesOf(NOBODY))).status).toBe(404);
    const theirs = await make(partner.organization_id, `${kind}s`, { name: 'Theirs' });
    expect((await put(partner.organization_id, theirs)).status).toBe(404);
    expect(await standing()).toEqual([]);
  });

  it('that is deleted is offered no more', async () => {
    await offer();
    expect((await admin(`/organizations/${owner.organization_id}/${kind}s/${id}`, { method: 'DELETE' })).status).toBe(
      204,
    );
    expect([await standing(), await arrived()]).toEqual([[], []]);
    expect((await accept()).status).toBe(404);
    expect((await offer()).status).toBe(404);
  });

  it('of a deletion that came between is not shared', async () => {
    await offer();
    // As if the acceptance had found the offer before the deletion.
    const table = `${kind}s`;
    await d1With(table).prepare(`UPDATE ${table} SET deleted_at = 1 WHERE id = ?`).bind(id).run();
    expect((await accept()).status).toBe(404);
    expect(await standing()).toEqual(['offered']);
    expect((await leave()).status).toBe(204);
  });

  it('has one of 100 offers, however many come at once', async () => {
    const busy = await enroll({ scopes: ['settings'] });
    const to = await Promise.all(Array.from({ length: 3 }, () => enroll()));
    const one = await make(busy.organization_id, `${kind}s`, { name: 'Busy' });
    const insert = d1With(`${kind}s`).prepare('INSERT INTO share_offers VALUES (?, ?, ?, ?, 1)');
    await d1With(`${kind}s`).batch(
      Array.from({ length: 98 }, () => insert.bind(crypto.randomUUID(), kind, one, busy.organization_id)),
    );
    const path = `${orgOf(busy)}/${kind}s/${one}/shares`;
    const answers = await Promise.all(to.map((each) => ask(busy, 'PUT', `${path}/${each.organization_id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409]);
    expect(answers.find(({ status }) => status === 409)?.json).toEqual({
      detail: `At most 100 ${kind}s are offered at the same time.`,
    });
    const first = answers.findIndex(({ status }) => status === 201);
    expect((await ask(busy, 'PUT', `${path}/${to[first]?.organization_id}`)).status).toBe(200);
  });

  it('has its offers and acceptances in the audit log, and what begins or ends sharing in that of the other too', async () => {
    const logged = async (person: Person) => {
      const entries = resultsOf(await ask(person, 'GET', `${orgOf(person)}/audit_log?target_id=${id}`));
      return entries.map(({ action, actor, details }) => [
        action,
        (actor as Json)['id'],
        (actor as Json)['token_id'],
        details,
      ]);
    };
    const name = kind === 'room' ? 'Room' : 'Team';
    const made = await logged(owner);
    await offer();
    await accept();
    await leave();
    const toPartner = { partner_id: partner.organization_id };
    const ofOwner = { owner_id: owner.organization_id };
    const left = (token: string | null, details: Json) => [`deleteReceived${name}`, partner.user_id, token, details];
    const accepted = (token: string | null, details: Json) => [
      `acceptReceived${name}`,
      partner.user_id,
      token,
      details,
    ];
    expect(await logged(owner)).toEqual([
      left(null, toPartner),
      accepted(null, toPartner),
      [`put${name}Share`, owner.user_id, owner.token_id, toPartner],
      ...made,
    ]);
    expect(await logged(partner)).toEqual([left(partner.token_id, ofOwner), accepted(partner.token_id, ofOwner)]);
  });

  it('is shared by people only: no app may', async () => {
    const manager = await enrollManager();
    const path = `/api/v5${orgOf(manager)}/received_shares/${kind}s`;
    for (const [, authorization] of await appCredentials(manager, ['settings'])) {
      const answer = await call(path, { authorization });
      expect(outcome(answer)).toEqual([403, { detail: 'The credentials of an app are not accepted here.' }]);
    }
    expect((await call(path, { authorization: `Bearer ${manager.token}` })).status).toBe(200);
  });
});

describe('a room that is offered', () => {
  it('reaches the partner from the acceptance on, until either ends it', async () => {
    const room = await make(owner.organization_id, 'rooms', { name: 'Reach' });
    await make(owner.organization_id, 'routers', {
      name: 'Theirs',
      targets: [{ kind: 'organization', id: partner.organization_id }],
      room_ids: [room],
    });
    const path = `${orgOf(owner)}/rooms/${room}/shares/${partner.organization_id}`;
    const received = `${orgOf(partner)}/received_shares/rooms/${room}`;
    await ask(owner, 'PUT', path);
    expect(await roomsOf(partner)).not.toContain(room);
    for (const end of [() => ask(partner, 'DELETE', received), () => ask(owner, 'DELETE', path)]) {
      await ask(owner, 'PUT', path);
      await ask(partner, 'PUT', received);
      expect(await roomsOf(partner)).toContain(room);
      expect((await end()).status).toBe(204);
      expect(await roomsOf(partner)).not.toContain(room);
      // The watchdog makes silent members leave, whoever has ended it.
      const ended = await d1With('ended_shares')
        .prepare('SELECT organization_id FROM ended_shares WHERE room_id = ?')
        .bind(room)
        .all();
      expect(ended.results).toEqual([{ organization_id: partner.organization_id }]);
    }
    await ask(owner, 'PUT', path);
    await ask(partner, 'PUT', received);
    const left = await d1With('ended_shares').prepare('SELECT 1 FROM ended_shares WHERE room_id = ?').bind(room).all();
    expect(left.results).toEqual([]);
  });

  it('is in pages by its id, among those that are shared', async () => {
    const other = await enroll({ scopes: ['settings'] });
    const rooms: string[] = [];
    for (let number = 0; number < 5; number++) {
      const room = await make(owner.organization_id, 'rooms', { name: `Room ${number}` });
      rooms.push(room);
      await ask(owner, 'PUT', `${orgOf(owner)}/rooms/${room}/shares/${other.organization_id}`);
      if (number % 2 === 0) await ask(other, 'PUT', `${orgOf(other)}/received_shares/rooms/${room}`);
    }
    const seen: unknown[] = [];
    let path: string | null = `${orgOf(other)}/received_shares/rooms?page_size=2`;
    while (path !== null) {
      const page = await ask(other, 'GET', path);
      seen.push(...resultsOf(page).map(({ id, status }) => [id, status]));
      path = page.json['next'] === null ? null : String(page.json['next']).replace(/^.*\/api\/v5/, '');
    }
    expect(seen).toEqual(rooms.toSorted().map((id) => [id, rooms.indexOf(id) % 2 === 0 ? 'shared' : 'offered']));
  });
});
