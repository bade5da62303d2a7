import { Link } from '@tanstack/react-router';
import { useDesk } from '../../desk/desk.tsx';
import { useRecord } from '../../records/read.ts';
import { RecordPage } from '../../records/record-page.tsx';
import { InterfaceRecord } from './interface-record.tsx';
import { isKind, KINDS, type Kind, type Settings, WORDS } from './interface-words.ts';

/** The interfaces with keys of their own, or one of them. */
export default function InterfacesPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const organization = `/api/v5/orgs/${session.organization_id}`;
  if (id !== null && isKind(id)) return <InterfaceRecord organization={organization} kind={id} />;
  return (
    <RecordPage title="Interfaces" about="For programs that cannot use the API of the hub, but one of these.">
      {id === null ? null : <p className="muted">There is no such interface.</p>}
      <dl className="interfaces">
        {KINDS.map((kind) => (
          <Interface key={kind} organization={organization} kind={kind} />
        ))}
      </dl>
    </RecordPage>
  );
}

function Interface({ organization, kind }: { organization: string; kind: Kind }) {
  const { resource } = useRecord<Settings>(`${organization}/${kind}`);
  return (
    <div>
      <dt>
        <Link to="/settings/$section/$id" params={{ section: 'interfaces', id: kind }}>
          {WORDS[kind].name}
        </Link>
      </dt>
      <dd>{WORDS[kind].about}</dd>
      <dd className="muted">{resource === null ? '' : stateOf(resource)}</dd>
    </div>
  );
}

function stateOf({ channel_id, webhook_url }: Settings): string {
  if (channel_id === null) return 'Not in use: the first key sets it up.';
  return webhook_url === null ? 'In use. Nothing is sent: it has no webhook URL.' : `In use. Sends to ${webhook_url}`;
}
