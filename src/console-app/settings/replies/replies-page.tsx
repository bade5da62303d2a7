import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { cannedReplyResource } from '../../../resources/canned-reply.ts';
import type { teamResource } from '../../../resources/team.ts';
import { fittingReplies } from '../../composer/reply-text.ts';
import { useDesk } from '../../desk/desk.tsx';
import { SelectField, TextField } from '../../records/fields.tsx';
import { useChoices, useCollection, useRecord } from '../../records/read.ts';
import { RecordPage, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { NewReply } from './new-reply.tsx';
import { ReplyRecord } from './reply-record.tsx';

type Reply = ReturnType<typeof cannedReplyResource>;
type Team = ReturnType<typeof teamResource>;

/** The canned replies that the user sees, or one of them. */
export default function RepliesPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const organization = `/api/v5/orgs/${session.organization_id}`;
  return id === null ? <ReplyList organization={organization} /> : <OneReply organization={organization} id={id} />;
}

function ReplyList({ organization }: { organization: string }) {
  const { session } = useDesk();
  const path = `${organization}/canned_replies`;
  const [query, setQuery] = useState('');
  const [team, setTeam] = useState('');
  const replies = useCollection<Reply>(`${path}?page_size=200${team === '' ? '' : `&team_id=${team}`}`);
  const teams = useChoices<Team>(`${organization}/teams`);
  const names = new Map(teams.map(({ id, name }) => [id, name]));
  const shown = query === '' ? replies.items : fittingReplies(replies.items, query.toLowerCase());
  return (
    <RecordPage
      title="Canned replies"
      about="Texts that you write often. In a chat, “/” and the shortcut insert one."
      actions={<NewReply path={path} teams={teams} />}
    >
      {session.scopes.includes('settings') && teams.length > 0 ? (
        <SelectField
          label="Whose"
          value={team}
          onValue={setTeam}
          problem={undefined}
          choices={[
            { value: '', label: 'Yours, of your teams and of everybody' },
            ...teams.map(({ id, name }) => ({ value: id, label: `Of the team ${name}` })),
          ]}
        />
      ) : null}
      <TextField label="Find" placeholder="Shortcut or text" value={query} onValue={setQuery} problem={undefined} />
      <RecordTable
        caption="Canned replies"
        collection={{ ...replies, items: shown }}
        keyOf={({ id }) => id}
        empty={query === '' ? 'There is no canned reply yet.' : 'No reply fits.'}
        columns={[
          {
            name: 'Shortcut',
            cell: ({ id, shortcut }) => (
              <Link to="/settings/$section/$id" params={{ section: 'replies', id }}>
                /{shortcut}
              </Link>
            ),
          },
          { name: 'Text', cell: ({ message }) => beginningOf(message) },
          { name: 'For', cell: (reply) => readersOf(reply, names) },
        ]}
      />
    </RecordPage>
  );
}

const LONGEST_LINE = 140;

function beginningOf(message: string): string {
  return message.length <= LONGEST_LINE ? message : `${message.slice(0, LONGEST_LINE)}…`;
}

/** Who sees a reply, in words. */
function readersOf({ visibility, team_id }: Reply, teams: ReadonlyMap<string, string>): string {
  if (visibility === 'user') return 'You';
  return visibility === 'team' ? `Team ${teams.get(team_id ?? '') ?? ''}` : 'Everybody';
}

function OneReply({ organization, id }: { organization: string; id: string }) {
  const path = `${organization}/canned_replies/${id}`;
  const read = useRecord<Reply>(path);
  const teams = useChoices<Team>(`${organization}/teams`);
  const names = new Map(teams.map(({ id: team, name }) => [team, name]));
  const back = (
    <Link to="/settings/$section" params={{ section: 'replies' }}>
      Canned replies
    </Link>
  );
  return (
    <RecordPage
      title={read.resource === null ? 'Canned reply' : `/${read.resource.shortcut}`}
      about={read.resource === null ? undefined : `For: ${readersOf(read.resource, names)}`}
      back={back}
    >
      <WithRecord read={read} missing="There is no such reply, or it is not for you.">
        {(reply) => <ReplyRecord path={path} reply={reply} />}
      </WithRecord>
    </RecordPage>
  );
}
