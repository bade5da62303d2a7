import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { teamResource } from '../../../resources/team.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CopiedText } from '../../records/copied-text.tsx';
import { TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain, useRecord } from '../../records/read.ts';
import { FormDialog, RecordForm } from '../../records/record-form.tsx';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { SharedWith } from '../shares/shared-with.tsx';
import { TeamMembers } from './team-members.tsx';

type Team = ReturnType<typeof teamResource>;

/** How often (ms) presence is read again. */
const REFRESH = 60_000;

/** The teams, or one of them. */
export default function TeamsPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/teams`;
  return id === null ? <TeamList path={path} /> : <TeamRecord path={path} id={id} />;
}

function TeamList({ path }: { path: string }) {
  const teams = useCollection<Team>(path, { every: REFRESH });
  return (
    <RecordPage
      title="Teams"
      about="Routers and invitations name teams, so that nobody need name each person."
      actions={<NewTeam path={path} />}
    >
      <RecordTable
        caption="Teams"
        collection={teams}
        keyOf={({ id }) => id}
        empty="There is no team yet."
        columns={[
          {
            name: 'Name',
            cell: ({ id, name }) => (
              <Link to="/settings/$section/$id" params={{ section: 'teams', id }}>
                {name}
              </Link>
            ),
          },
          { name: 'Shown as', cell: ({ display_name }) => display_name },
          { name: 'Gets chats', cell: ({ is_connected_to_room }) => (is_connected_to_room ? 'By a router' : 'No') },
          { name: 'Members', cell: ({ member_count }) => member_count, isNumber: true },
          { name: 'Available', cell: ({ present_member_count }) => present_member_count, isNumber: true },
        ]}
      />
    </RecordPage>
  );
}

function NewTeam({ path }: { path: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New team
      </button>
      {isOpen ? <NewTeamDialog path={path} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function NewTeamDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const form = useForm({
    initial: { name: '' },
    save: (values) => call<Team>(path, { method: 'POST', body: values }),
    onSaved: async ({ id }) => {
      onClose();
      await readAgain(path);
      await navigate({ to: '/settings/$section/$id', params: { section: 'teams', id } });
    },
  });
  return (
    <FormDialog title="New team" form={form} save="Create" isOpen onOpen={onClose}>
      <TextField label="Name" isRequired {...form.bind('name')} />
    </FormDialog>
  );
}

/** `path`: of all teams. */
function TeamRecord({ path, id }: { path: string; id: string }) {
  const { session } = useDesk();
  const one = `${path}/${id}`;
  const read = useRecord<Team>(one);
  const back = (
    <Link to="/settings/$section" params={{ section: 'teams' }}>
      Teams
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'Team'} back={back}>
      <WithRecord read={read} missing="There is no such team.">
        {(team) => (
          <>
            <TeamMembers path={`${one}/memberships`} teams={path} team={team} />
            <RecordPart title="Names">
              <TeamForm path={one} teams={path} team={team} />
            </RecordPart>
            <RecordPart title="For programs">
              <p>
                <CopiedText text={team.id} what="the team’s ID" />
              </p>
            </RecordPart>
            {session.scopes.includes('settings') ? <SharedWith kind="team" path={one} /> : null}
            <DeleteTeam path={one} teams={path} team={team} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

type TeamProps = { path: string; teams: string; team: Team };

function TeamForm({ path, teams, team }: TeamProps) {
  const readAgain = useReadAgain();
  const form = useForm({
    initial: { name: team.name, display_name: team.display_name },
    save: (_, changes) => call<Team>(path, { method: 'PATCH', body: changes }),
    onSaved: () => readAgain(teams),
  });
  return (
    <RecordForm form={form} save="Save">
      <TextField label="Name" isRequired {...form.bind('name')} />
      <TextField label="Shown as" isRequired {...form.bind('display_name')} />
    </RecordForm>
  );
}

function DeleteTeam({ path, teams, team }: TeamProps) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Delete">
      <p className="muted">
        Routers that name the team no longer reach its members. They keep the chats that they have taken.
      </p>
      <p>
        <ConfirmButton
          label="Delete the team"
          title={`Delete “${team.name}”?`}
          confirm="Delete"
          onConfirm={() => call(path, { method: 'DELETE' })}
          onDone={async () => {
            await navigate({ to: '/settings/$section', params: { section: 'teams' } });
            await readAgain(teams);
          }}
        >
          Its members stay users.{' '}
          {team.is_connected_to_room ? 'A room whose router names only this team reaches nobody.' : ''}
        </ConfirmButton>
      </p>
    </RecordPart>
  );
}
