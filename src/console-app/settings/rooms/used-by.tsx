import { Link } from '@tanstack/react-router';
import type { channelResource } from '../../../resources/channel.ts';
import type { routerResource } from '../../../resources/router.ts';
import { useDesk } from '../../desk/desk.tsx';
import { type Collection, useCollection } from '../../records/read.ts';
import { RecordPart } from '../../records/record-page.tsx';

type Channel = ReturnType<typeof channelResource>;
type Router = ReturnType<typeof routerResource>;

/** What brings chats into a room, and what decides who gets them. */
export function UsedBy({ roomId }: { roomId: string }) {
  const { session } = useDesk();
  const organization = `/api/v5/orgs/${session.organization_id}`;
  const channels = useCollection<Channel>(`${organization}/unified_messaging?page_size=200`);
  const routers = useCollection<Router>(`${organization}/routers?page_size=200`);
  return (
    <RecordPart title="Used by">
      <p>
        Channels:{' '}
        <Links
          section="channels"
          collection={channels}
          isUsed={({ room_id }) => room_id === roomId}
          none="none, so its chats begin on websites"
        />
      </p>
      <p>
        Routers:{' '}
        <Links
          section="routers"
          collection={routers}
          isUsed={({ room_ids }) => room_ids.includes(roomId)}
          none="none, so its chats reach everybody but bots"
        />
      </p>
    </RecordPart>
  );
}

type LinksProps<Item> = {
  section: string;
  collection: Collection<Item>;
  isUsed: (item: Item) => boolean;
  none: string;
};

function Links<Item extends { id: string; name: string }>(props: LinksProps<Item>) {
  const { section, collection, isUsed, none } = props;
  const { items, isLoading, problem, hasMore, more } = collection;
  if (isLoading) return '…';
  if (problem !== null) return problem;
  const used = items.filter(isUsed);
  return (
    <>
      {used.map(({ id, name }, place) => (
        <span key={id}>
          {place === 0 ? '' : ', '}
          <Link to="/settings/$section/$id" params={{ section, id }}>
            {name}
          </Link>
        </span>
      ))}
      {hasMore ? (
        <button type="button" className="button small" onClick={more}>
          Look further
        </button>
      ) : used.length === 0 ? (
        <span className="muted">{none}</span>
      ) : null}
    </>
  );
}
