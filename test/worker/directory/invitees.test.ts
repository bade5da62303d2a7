import { describe, expect, it } from 'vitest';
import { deleteRoom } from '../../../src/directory/rooms.ts';
import { endShare } from '../../../src/directory/shares.ts';
import { deleteTeam, findInvitee } from '../../../src/directory/teams.ts';
import { deleteUser, updateUser } from '../../../src/directory/users.ts';
import {
  AT,
  database,
  databases,
  newOrganization,
  newRoom,
  newTeam,
  newUser,
  share,
} from '../../support/worker/directory-rows.ts';

const invitee = (organization: string, kind: 'user' | 'team' | 'organization', id: string) =>
  findInvitee(database, database, organization, { kind, id });

describe('possible invitees', () => {
  it('are users of the own organization, by their full names', async () => {
    const organization = await newOrganization();
    const id = await newUser(organization, 'Bob');
    expect(await invitee(organization, 'user', id)).toEqual({
      kind: 'user',
      id,
      name: 'Bob',
      organization_id: organization,
    });
    await updateUser(database, organization, id, { last_name: 'von Helper' }, AT);
    expect(await invitee(organization, 'user', id)).toMatchObject({ name: 'Bob von Helper' });
    expect(await invitee(await newOrganization(), 'user', id)).toBeNull();
    await deleteUser(database, organization, id, AT);
    expect(await invitee(organization, 'user', id)).toBeNull();
  });

  it('are own teams and those that a partner shares', async () => {
    const [owner, partner] = [await newOrganization(), await newOrganization()];
    const id = await newTeam(owner);
    expect(await invitee(owner, 'team', id)).toEqual({ kind: 'team', id, name: 'Night', organization_id: owner });
    expect(await invitee(partner, 'team', id)).toBeNull();
    await share('team', owner, id, partner);
    expect(await invitee(partner, 'team', id)).toMatchObject({ name: 'Night', organization_id: owner });
    await deleteTeam(database, owner, id, AT);
    expect(await invitee(owner, 'team', id)).toBeNull();
    expect(await invitee(partner, 'team', id)).toBeNull();
  });

  it('are organizations with which a room or a team is shared, in either direction', async () => {
    const [owner, partner] = [await newOrganization(), await newOrganization()];
    const both = () => Promise.all([invitee(owner, 'organization', partner), invitee(partner, 'organization', owner)]);
    expect(await both()).toEqual([null, null]);
    const room = await newRoom(owner);
    await share('room', owner, room, partner);
    expect(await both()).toMatchObject([
      { id: partner, name: 'Harbour', organization_id: partner },
      { id: owner, organization_id: owner },
    ]);
    expect(await invitee(owner, 'organization', owner)).toBeNull();
    expect(await invitee(await newOrganization(), 'organization', owner)).toBeNull();
    await deleteRoom(database, owner, room, AT);
    expect(await both()).toEqual([null, null]);
    const team = await newTeam(partner);
    await share('team', partner, team, owner);
    expect(await both()).toMatchObject([{ id: partner }, { id: owner }]);
    await endShare(databases, { kind: 'team', id: team, owner_id: partner, partner_id: owner }, { now: AT });
    expect(await both()).toEqual([null, null]);
  });
});
