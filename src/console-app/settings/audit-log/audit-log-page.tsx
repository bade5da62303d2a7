import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { auditEntryResource } from '../../../resources/audit-entry.ts';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import { SelectField, TextField } from '../../records/fields.tsx';
import { CUT_WORDS, useChoices, useCollection, useIsCut } from '../../records/read.ts';
import { RecordPage } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { actionInWords, COMMON_ACTIONS } from './actions.ts';
import './audit-log.css';
import { EntryDetails, EntryTarget } from './entry.tsx';

type Entry = ReturnType<typeof auditEntryResource>;

/** Who did what. `id`: of what was changed; null for everything. */
export default function AuditLogPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const organization = `/api/v5/orgs/${session.organization_id}`;
  const everybody = `${organization}/users?include_deleted=true`;
  const users = useChoices<UserAccountResource>(everybody);
  const isCut = useIsCut(everybody);
  const names = new Map(users.map((user) => [user.id, user.full_name]));
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const entries = useCollection<Entry>(`${organization}/audit_log${queryOf(filter, id)}`);
  const back =
    id === null ? undefined : (
      <Link to="/settings/$section" params={{ section: 'audit-log' }}>
        All entries
      </Link>
    );
  return (
    <RecordPage
      title={id === null ? 'Audit log' : `What happened to ${names.get(id) ?? 'one record'}`}
      about="Who changed what, the newest first. Entries are kept for 400 days."
      back={back}
    >
      <Filters filter={filter} users={users} isCut={isCut} isOfOne={id !== null} onFilter={setFilter} />
      <RecordTable
        caption="Entries of the audit log"
        collection={entries}
        keyOf={(entry) => entry.id}
        empty="There is no such entry."
        columns={[
          { name: 'Time', cell: ({ created_at }) => wholeTimeOf(created_at) },
          { name: 'Who', cell: (entry) => whoDid(entry, names) },
          { name: 'What', cell: ({ action, status }) => `${actionInWords(action)}${refusalOf(status)}` },
          { name: 'Of', cell: ({ target }) => <EntryTarget target={target} names={names} isOfOne={id !== null} /> },
          { name: 'Details', cell: (entry) => <EntryDetails entry={entry} /> },
        ]}
      />
    </RecordPage>
  );
}

type Filter = { readonly actor: string; readonly action: string; readonly from: string; readonly until: string };

const NO_FILTER: Filter = { actor: '', action: '', from: '', until: '' };

const DAY = 24 * 3_600_000;

/** The query of a filter. Its days are those of this browser’s time zone, `until` with the day itself. */
function queryOf({ actor, action, from, until }: Filter, target: string | null): string {
  const query = new URLSearchParams();
  if (target !== null) query.set('target_id', target);
  else if (actor !== '') query.set('actor_id', actor);
  else if (action !== '') query.set('action', action);
  const startOf = (day: string) => Date.parse(`${day}T00:00`);
  if (from !== '') query.set('created_at_after', new Date(startOf(from) - 1).toISOString());
  if (until !== '') query.set('created_at_before', new Date(startOf(until) + DAY).toISOString());
  return query.size === 0 ? '' : `?${query}`;
}

/** A call that changed nothing has a status, and may have been refused. */
const refusalOf = (status: number | null) => (status !== null && status >= 400 ? `, refused (${status})` : '');

function whoDid({ actor }: Entry, names: ReadonlyMap<string, string>): string {
  if (actor.type === 'operator') return 'The operator of the hub';
  const name = names.get(actor.id ?? '') ?? 'A user';
  return actor.app_id === null ? name : `An app, for ${name}`;
}

type FiltersProps = {
  filter: Filter;
  users: readonly UserAccountResource[];
  /** Whether there are further users. */
  isCut: boolean;
  isOfOne: boolean;
  onFilter: (filter: Filter) => void;
};

function Filters({ filter, users, isCut, isOfOne, onFilter }: FiltersProps) {
  const bind = (name: 'from' | 'until') => ({
    value: filter[name],
    onValue: (value: string) => onFilter({ ...filter, [name]: value }),
    problem: undefined,
  });
  return (
    <search className="audit-filters" aria-label="Entries">
      {isOfOne ? null : (
        <>
          <SelectField
            label="Who"
            hint={isCut ? CUT_WORDS : undefined}
            value={filter.actor}
            onValue={(actor) => onFilter({ ...filter, actor, action: '' })}
            problem={undefined}
            choices={[
              { value: '', label: 'Anybody' },
              { value: 'operator', label: 'The operator of the hub' },
              ...users.map(({ id, full_name, is_deleted }) => ({
                value: id,
                label: is_deleted ? `${full_name} (deleted)` : full_name,
              })),
            ]}
          />
          <SelectField
            label="or what"
            value={filter.action}
            onValue={(action) => onFilter({ ...filter, action, actor: '' })}
            problem={undefined}
            choices={[
              { value: '', label: 'Anything' },
              ...COMMON_ACTIONS.map((action) => ({ value: action, label: actionInWords(action) })),
            ]}
          />
        </>
      )}
      <TextField label="From" type="date" {...bind('from')} />
      <TextField label="Until" type="date" {...bind('until')} />
    </search>
  );
}
