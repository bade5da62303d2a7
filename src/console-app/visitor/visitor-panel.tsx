import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { roomVisitorResource } from '../../resources/room-visitor.ts';
import { Icon } from '../desk/icons.tsx';
import { type Answer, call } from '../hub/call.ts';
import type { Chat, InboxRow, Membership } from '../replica/known.ts';
import { nameOf } from '../words/names.ts';
import { wholeTimeOf } from '../words/times.ts';
import './visitor-panel.css';

type VisitorRecord = ReturnType<typeof roomVisitorResource>;
type Variable = { key: string; value: string };
type Collection<Item> = { results: Item[] };

type Props = {
  row: InboxRow;
  userId: string;
  organizationId: string;
  memberships: readonly Membership[];
  tags: ReactNode;
  handOver: ReactNode;
  onOpenChat: (chatId: string) => void;
};

/** What is known of the visitor of a chat, and who takes part in it. */
export function VisitorPanel({ row, userId, organizationId, memberships, tags, handOver, onOpenChat }: Props) {
  const { chat, visitor, channel } = row;
  const path =
    visitor === null || chat.room_id === null
      ? null
      : `/api/v5/users/${userId}/rooms/${chat.room_id}/visitors/${visitor.id}`;
  const record = useQuery({
    queryKey: ['visitor', path],
    queryFn: () => read<VisitorRecord>(path),
    enabled: path !== null,
  });
  const isOwnRoom = chat.room_organization_id === organizationId;
  const variables = useQuery({
    queryKey: ['variables', path, row.visitor?.name],
    queryFn: () => read<Collection<Variable>>(`${variablesPath(organizationId, row)}?page_size=50`),
    enabled: path !== null && isOwnRoom,
  });
  const chats = useQuery({
    queryKey: ['visitor chats', path, chat.is_ended],
    queryFn: () => read<Collection<Chat>>(`${path}/chats?page_size=10`),
    enabled: path !== null,
  });
  const earlier = (chats.data?.results ?? []).filter(({ id }) => id !== chat.id);
  const people = memberships.filter(({ member_type, is_participating }) => member_type === 'user' && is_participating);

  return (
    <div className="visitor">
      <header>
        <h2>{nameOf(row)}</h2>
        {visitor === null ? null : <p className="muted">{visitor.is_present ? 'On the page now' : 'Not present'}</p>}
      </header>
      <Section title="Chat">
        <Facts
          facts={[
            ['Room', chat.room_name],
            ['Channel', channel?.name ?? null],
            ['Medium', channel?.messaging_channel ?? null],
            ['Thread', channel?.thread_id ?? null],
            ['Began', wholeTimeOf(chat.created_at)],
            ['Ended', chat.ended_at === null ? null : wholeTimeOf(chat.ended_at)],
          ]}
        />
      </Section>
      <Section title="Tags">{tags}</Section>
      <Section title="People">
        {people.length === 0 ? <p className="muted">Nobody answers this chat.</p> : null}
        <ul className="people">
          {people.map(({ member_id, member_name, is_bot, is_present }) => (
            <li key={member_id}>
              <Icon name={is_bot ? 'bot' : 'person'} size={16} />
              <span>
                {member_name ?? 'Somebody'}
                {member_id === userId ? ' (you)' : ''}
              </span>
              <span className="muted">{is_present ? 'present' : 'away'}</span>
            </li>
          ))}
        </ul>
        {handOver}
      </Section>
      <VisitorFacts record={record.data} variables={variables.data?.results ?? []} />
      {earlier.length === 0 ? null : (
        <Section title="Other chats">
          <ul className="earlier">
            {earlier.map(({ id, created_at, is_ended, message_count }) => (
              <li key={id}>
                <button type="button" onClick={() => onOpenChat(id)}>
                  <span>{wholeTimeOf(created_at)}</span>
                  <span className="muted">
                    {message_count} messages{is_ended ? '' : ', open'}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function VisitorFacts({ record, variables }: { record: VisitorRecord | undefined; variables: readonly Variable[] }) {
  const facts: [string, string | null][] = [
    // `username` is the name above.
    ...variables.flatMap(({ key, value }): [string, string][] => (key === 'username' ? [] : [[key, value]])),
    ['Page', record?.latest_page_title ?? record?.latest_page_url ?? null],
    ['Place', [record?.geo_city, record?.geo_country].filter((part) => part != null).join(', ') || null],
    ['Browser', record?.user_agent ?? null],
  ];
  if (facts.every(([, value]) => value === null)) return null;
  return (
    <Section title="Visitor">
      <Facts facts={facts} />
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="visitor-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string | null])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** Variables are a matter of the organization: those of partners' visitors are not shown. */
const variablesPath = (organizationId: string, { chat, visitor }: InboxRow) =>
  `/api/v5/orgs/${organizationId}/rooms/${chat.room_id}/visitors/${visitor?.id}/variables`;

async function read<T>(path: string | null): Promise<T> {
  const answer: Answer<T> = await call<T>(path ?? '');
  if (!answer.ok) throw new Error(answer.detail);
  return answer.body;
}
