import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { teamMemberResource, teamResource } from '../../../resources/team.ts';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { SelectField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { CUT_WORDS, useChoices, useCollection, useIsCut, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';

type Team = ReturnType<typeof teamResource>;
type Member = ReturnType<typeof teamMemberResource>;

/** `path`: of the team's members. `teams`: of all teams, whose counts change with them. */
type Props = { path: string; teams: string; team: Team };

/** Who is in a team. */
export function TeamMembers({ path, teams, team }: Props) {
  const members = useCollection<Member>(path);
  const [isOpen, setOpen] = useState(false);
  const readAgain = useReadAgain();
  return (
    <RecordPart
      title="Members"
      actions={
        <button type="button" className="button primary" onClick={() => setOpen(true)}>
          Add a member
        </button>
      }
    >
      <RecordTable
        caption="Members"
        collection={members}
        keyOf={({ user_id }) => user_id}
        empty="Nobody is in the team yet."
        columns={[
          {
            name: 'Name',
            cell: ({ user_id, user }) => (
              <>
                <Link to="/settings/$section/$id" params={{ section: 'users', id: user_id }}>
                  {user.full_name}
                </Link>
                {user.is_bot ? <span className="muted"> bot</span> : null}
              </>
            ),
          },
          {
            name: 'Actions',
            cell: ({ user_id, user }) => (
              <ConfirmButton
                label="Take out"
                isSmall
                title={`Take ${user.full_name} out of “${team.name}”?`}
                confirm="Take out"
                onConfirm={() => call(`${path}/${user_id}`, { method: 'DELETE' })}
                onDone={() => readAgain(teams).catch(console.error)}
              >
                Chats that reach the team no longer reach them. They keep those that they have taken.
              </ConfirmButton>
            ),
          },
        ]}
      />
      {isOpen ? <AddMember path={path} teams={teams} onClose={() => setOpen(false)} /> : null}
    </RecordPart>
  );
}

function AddMember({ path, teams, onClose }: { path: string; teams: string; onClose: () => void }) {
  const { session } = useDesk();
  const readAgain = useReadAgain();
  const all = `/api/v5/orgs/${session.organization_id}/users`;
  const users = useChoices<UserAccountResource>(all);
  const isCut = useIsCut(all);
  const members = useChoices<Member>(path);
  const known = new Set(members.map(({ user_id }) => user_id));
  const choices = users
    .filter(({ id }) => !known.has(id))
    .map(({ id, full_name, is_bot }) => ({ value: id, label: is_bot ? `${full_name} (bot)` : full_name }))
    .toSorted((a, b) => a.label.localeCompare(b.label));
  const form = useForm({
    initial: { user_id: choices[0]?.value ?? '' },
    save: ({ user_id }) => call<Member>(path, { method: 'POST', body: { user_id } }),
    onSaved: async () => {
      onClose();
      await readAgain(teams);
    },
  });
  return (
    <FormDialog title="Add a member" form={form} save="Add" isOpen onOpen={onClose}>
      <SelectField
        label="Who"
        hint={`Chats that reach the team reach them from now on.${isCut ? ` ${CUT_WORDS}` : ''}`}
        choices={choices}
        {...form.bind('user_id')}
      />
    </FormDialog>
  );
}
