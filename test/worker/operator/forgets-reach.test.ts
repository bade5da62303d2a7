import { beforeEach, describe, expect, it, vi } from 'vitest';
import { losesAnswersOfWrites } from '../../support/worker/lost-answers.ts';
import { make, put, roomsOf } from '../../support/worker/operator.ts';
import { admin, type Call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

/** Who sees which rooms is remembered in this isolate. A write whose answer is lost may have changed it all the same. */
type Scene = { root: string; room: string; router: string; team: string; partner: Person };

let mine: Person;
let scene: Scene;

beforeEach(async () => {
  mine = await enroll();
  const partner = await enroll();
  const root = `/organizations/${mine.organization_id}`;
  const room = await make(mine.organization_id, 'rooms', { name: 'Support' });
  const team = await make(mine.organization_id, 'teams', { name: 'Night' });
  await put(`${root}/teams/${team}/members/${mine.user_id}`);
  await put(`${root}/rooms/${room}/shares/${partner.organization_id}`);
  const targets = [
    { kind: 'team', id: team },
    { kind: 'organization', id: partner.organization_id },
  ];
  const router = await make(mine.organization_id, 'routers', { name: 'To the team', targets, room_ids: [room] });
  scene = { root, room, router, team, partner };
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

/** The change is made, and its answer is lost between D1 and the hub. */
async function changeAndLoseTheAnswer(path: string, request: Call): Promise<void> {
  const env = { DB: losesAnswersOfWrites(testEnv.DB) } as Partial<Env>;
  const { status } = await admin(path, { ...request, env });
  expect(status).toBeGreaterThanOrEqual(500);
}

describe('reach is forgotten after a change whose answer D1 has lost', () => {
  it.each<[string, (scene: Scene) => [string, Call]]>([
    [
      'a router changes',
      ({ root, router }) => [`${root}/routers/${router}`, { method: 'PATCH', body: { targets: [] } }],
    ],
    [
      'a team loses a member',
      ({ root, team }) => [`${root}/teams/${team}/members/${mine.user_id}`, { method: 'DELETE' }],
    ],
    ['a team is deleted', ({ root, team }) => [`${root}/teams/${team}`, { method: 'DELETE' }]],
  ])('%s', async (_, change) => {
    expect(await roomsOf(mine)).toEqual([scene.room]);
    await changeAndLoseTheAnswer(...change(scene));
    expect(await roomsOf(mine)).toEqual([]);
  });

  it('a room is no longer shared', async () => {
    const { root, room, partner } = scene;
    expect(await roomsOf(partner)).toEqual([room]);
    await changeAndLoseTheAnswer(`${root}/rooms/${room}/shares/${partner.organization_id}`, { method: 'DELETE' });
    expect(await roomsOf(partner)).toEqual([]);
  });

  it('a router is deleted: then its room reaches everybody in its organization', async () => {
    const other = await enroll({ organization_id: mine.organization_id });
    expect(await roomsOf(other)).toEqual([]);
    await changeAndLoseTheAnswer(`${scene.root}/routers/${scene.router}`, { method: 'DELETE' });
    expect(await roomsOf(other)).toEqual([scene.room]);
  });
});
