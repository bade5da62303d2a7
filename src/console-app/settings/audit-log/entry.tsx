import { Link } from '@tanstack/react-router';
import type { auditEntryResource } from '../../../resources/audit-entry.ts';
import { useDesk } from '../../desk/desk.tsx';

type Entry = ReturnType<typeof auditEntryResource>;

/** The pages of what an entry can be about, by its type: for all who see the log, and with the scope `users`. */
const PAGES: Readonly<Record<string, string>> = {
  app: 'own-apps',
  canned_reply: 'replies',
  channel: 'channels',
  installation: 'apps',
  room: 'rooms',
  router: 'routers',
};
const PAGES_OF_PEOPLE: Readonly<Record<string, string>> = { team: 'teams', user: 'users' };

const inWords = (type: string) => type.replaceAll('_', ' ');

type TargetProps = { target: Entry['target']; names: ReadonlyMap<string, string>; isOfOne: boolean };

/** What an entry is about, with its page, and a way to all entries about it. */
export function EntryTarget({ target, names, isOfOne }: TargetProps) {
  const { session } = useDesk();
  if (target === null) return null;
  const { type, id } = target;
  const name = names.get(id) ?? inWords(type);
  const section = PAGES[type] ?? (session.scopes.includes('users') ? PAGES_OF_PEOPLE[type] : undefined);
  return (
    <>
      {section === undefined ? (
        name
      ) : (
        <Link to="/settings/$section/$id" params={{ section, id }}>
          {name}
        </Link>
      )}
      {isOfOne ? null : (
        <>
          {' '}
          <Link
            className="audit-all"
            to="/settings/$section/$id"
            params={{ section: 'audit-log', id }}
            aria-label={`All entries about this ${inWords(type)}`}
          >
            all
          </Link>
        </>
      )}
    </>
  );
}

/** What else an entry has, on demand. */
export function EntryDetails({ entry }: { entry: Entry }) {
  const { action, actor, target, details, address, request_id } = entry;
  const rows: [string, unknown][] = [
    ['Operation', action],
    ['ID', target?.id],
    ...Object.entries(details).map(([name, value]): [string, unknown] => [inWords(name), value]),
    ['token', actor.token_id],
    ['app', actor.app_id],
    ['from', address],
    ['request', request_id],
  ];
  return (
    <details className="audit-details">
      <summary>Show</summary>
      <dl>
        {rows
          .filter(([, value]) => value !== null && value !== undefined)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{textOf(value)}</dd>
            </div>
          ))}
      </dl>
    </details>
  );
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(String).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
