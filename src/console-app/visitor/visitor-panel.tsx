import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { roomVisitorResource } from '../../resources/room-visitor.ts';
import { useDesk } from '../desk/desk.tsx';
import { purgeOf, variablesPath, visitorPath } from '../hub/visitors.ts';
import { CopiedText } from '../records/copied-text.tsx';
import { useChoices, useReadAgain, useRecord } from '../records/read.ts';
import type { InboxRow, Thread } from '../replica/known.ts';
import { nameOf } from '../words/names.ts';
import { wholeTimeOf } from '../words/times.ts';
import { EarlierChats } from './earlier-chats.tsx';
import { People } from './people.tsx';
import { PurgeVisitor } from './purge-visitor.tsx';
import { EditButton, NAME, setVariable, ValueForm, type Variable, VariableList } from './variable-list.tsx';
import '../records/records.css';
import './visitor-panel.css';

type VisitorRecord = ReturnType<typeof roomVisitorResource>;

type Props = {
  row: InboxRow;
  /** Undefined until it was read. */
  thread: Thread | undefined;
  tags: ReactNode;
  handOver: ReactNode;
  onOpenChat: (chatId: string) => void;
};

/** What is known of the visitor of a chat, and who takes part in it. Mounted anew for each chat. */
export default function VisitorPanel({ row, thread, tags, handOver, onOpenChat }: Props) {
  const { session, userId } = useDesk();
  const { chat, visitor, channel, own } = row;
  const path = visitorPath(userId, row);
  const variables = variablesPath(session.organization_id, row);
  const purge = purgeOf(session.organization_id, row);
  const known = useChoices<Variable>(variables);
  const readAgain = useReadAgain();
  const name = visitor?.name;
  const sender = thread?.messages.findLast(({ external_sender_id }) => external_sender_id != null)?.external_sender_id;

  // The name is told when it changes, and other variables may have come with it.
  const namedBefore = useRef(name);
  useEffect(() => {
    if (variables !== null && name !== namedBefore.current) readAgain(variables).catch(reportError);
    namedBefore.current = name;
  }, [name, variables, readAgain]);

  return (
    <div className="visitor">
      <header>
        <Name row={row} path={variables} isNamed={known.some(({ key }) => key === NAME)} />
        {visitor === null ? null : <p className="muted">{visitor.is_present ? 'On the page now' : 'Not present'}</p>}
      </header>
      {variables === null ? null : (
        <Section title="Variables">
          <VariableList path={variables} variables={known} onChanged={() => readAgain(variables).catch(reportError)} />
        </Section>
      )}
      <Section title="Tags">{tags}</Section>
      <Section title="People">
        <People
          chatId={chat.id}
          memberships={[...(thread?.memberships.values() ?? [])]}
          invitations={[...(thread?.outgoing.values() ?? [])]}
          canInvite={own.is_participating && !chat.is_ended}
          handOver={handOver}
        />
      </Section>
      <Section title="Chat">
        <dl className="facts">
          <Fact name="Room">{chat.room_name}</Fact>
          <Fact name="Channel">{channel?.name}</Fact>
          <Fact name="Medium">{channel?.messaging_channel}</Fact>
          <Fact name="Thread">
            {channel?.thread_id == null ? null : <CopiedText text={channel.thread_id} what="the thread" />}
          </Fact>
          <Fact name="Sender">{sender === undefined ? null : <CopiedText text={sender} what="the sender" />}</Fact>
          <Fact name="Began">{wholeTimeOf(chat.created_at)}</Fact>
          <Fact name="Ended">{chat.ended_at === null ? null : wholeTimeOf(chat.ended_at)}</Fact>
        </dl>
      </Section>
      {path === null ? null : (
        <>
          <VisitorFacts path={path} />
          <Section title="Other chats">
            <EarlierChats path={path} chatId={chat.id} onOpenChat={onOpenChat} />
          </Section>
        </>
      )}
      {purge === null || !session.scopes.includes('settings') ? null : (
        <Section title="Privacy">
          <PurgeVisitor name={nameOf(row)} purge={purge} />
        </Section>
      )}
    </div>
  );
}

/** The name above everything. `path`: where it may be changed; null: nowhere. */
function Name({ row, path, isNamed }: { row: InboxRow; path: string | null; isNamed: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const name = nameOf(row);
  if (path !== null && isOpen) {
    return (
      <ValueForm
        label="Name of the visitor"
        value={isNamed ? name : ''}
        onSave={(value) => setVariable(path, NAME, value)}
        onDone={() => setOpen(false)}
        onCancel={() => setOpen(false)}
      />
    );
  }
  return (
    <h2>
      {name} {path === null ? null : <EditButton what="the name" onOpen={() => setOpen(true)} />}
    </h2>
  );
}

/** What a web page has told of its visitor. */
function VisitorFacts({ path }: { path: string }) {
  const { resource } = useRecord<VisitorRecord>(path);
  if (resource === null) return null;
  const { latest_page_title, latest_page_url, referrer_url, geo_city, geo_country, user_agent, visit_count } = resource;
  const place = [geo_city, geo_country].filter((part) => part !== null).join(', ') || null;
  if ([latest_page_url, latest_page_title, referrer_url, place, user_agent].every((each) => each === null)) return null;
  return (
    <Section title="Visitor">
      <dl className="facts">
        <Fact name="Page">
          {latest_page_url === null ? latest_page_title : <Page url={latest_page_url} title={latest_page_title} />}
        </Fact>
        <Fact name="Came from">{referrer_url}</Fact>
        <Fact name="Place">{place}</Fact>
        <Fact name="Browser">{user_agent}</Fact>
        <Fact name="Visits">{visit_count > 1 ? visit_count : null}</Fact>
      </dl>
    </Section>
  );
}

/** A page outside of the hub. Only addresses of the web become links: `javascript:` and the like stay text. */
function Page({ url, title }: { url: string; title: string | null }) {
  if (!/^https?:\/\//.test(url)) return title ?? url;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {title ?? url}
    </a>
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

/** A fact that is not known is not shown. */
function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (children == null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
