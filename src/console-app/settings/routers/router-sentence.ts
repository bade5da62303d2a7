import type { routerResource } from '../../../resources/router.ts';
import { withoutDirectionMarks } from '../../words/names.ts';

export type Router = ReturnType<typeof routerResource>;
type Target = Router['targets'][number];

/** Whether everybody of an organization gets chats: nobody by that, its people, or its bots, too. */
export type Everybody = 'no' | 'people' | 'bots';

/** Whom a router names, as its form has it. */
export type Chosen = {
  readonly everybody: Everybody;
  readonly user_ids: readonly string[];
  readonly team_ids: readonly string[];
  /** Partner organizations, each with whether its bots count, too. */
  readonly partners: readonly { readonly id: string; readonly include_bots: boolean }[];
};

/** What ids stand for; undefined while it is not known, or when it is gone. */
export type Names = (kind: 'room' | Target['kind'], id: string) => string | undefined;

export function chosenOf(targets: readonly Target[]): Chosen {
  const ids = (kind: Target['kind']) =>
    targets.flatMap((each) => (each.kind === kind && each.id !== null ? each.id : []));
  const all = targets.filter(({ kind }) => kind === 'all');
  return {
    everybody: all.length === 0 ? 'no' : all.some(({ include_bots }) => include_bots) ? 'bots' : 'people',
    user_ids: ids('user'),
    team_ids: ids('team'),
    partners: targets.flatMap(({ kind, id, include_bots }) =>
      kind === 'organization' && id !== null ? { id, include_bots } : [],
    ),
  };
}

export function targetsOf({ everybody, user_ids, team_ids, partners }: Chosen): Target[] {
  return [
    ...(everybody === 'no' ? [] : [{ kind: 'all' as const, id: null, include_bots: everybody === 'bots' }]),
    ...user_ids.map((id): Target => ({ kind: 'user', id, include_bots: false })),
    ...team_ids.map((id): Target => ({ kind: 'team', id, include_bots: false })),
    ...partners.map(({ id, include_bots }): Target => ({ kind: 'organization', id, include_bots })),
  ];
}

/** What a router does, in a sentence. */
export function sentenceOf(router: Pick<Router, 'room_ids' | 'targets'>, names: Names): string {
  const rooms = router.room_ids.map((id) => names('room', id) ?? 'a room that is gone');
  const targets = router.targets.map((target) => targetInWords(target, names));
  if (rooms.length === 0) return 'It has no room yet, so it decides nothing.';
  return withoutDirectionMarks(`Chats in ${listed(rooms)} go to ${targets.length === 0 ? 'nobody' : listed(targets)}.`);
}

function targetInWords({ kind, id, include_bots }: Target, names: Names): string {
  if (kind === 'all' || id === null) return include_bots ? 'all people and bots' : 'all people';
  const name = names(kind, id);
  if (kind === 'user') return name ?? 'somebody who is gone';
  if (kind === 'team') return name === undefined ? 'a team that is gone' : `the team ${name}`;
  return `${name ?? 'a partner organization'}${include_bots ? ' with its bots' : ''}`;
}

/** How many a router reaches, in words. At most so many are counted. */
export function reachInWords({ users, bots }: { users: number; bots: number }, most: number): string {
  const counted = (count: number, one: string, many: string) =>
    count === 1 ? `1 ${one}` : `${count >= most ? `${most} or more` : count} ${many}`;
  if (users === 0 && bots === 0) return 'Reaches nobody.';
  const people = counted(users, 'person', 'people');
  return bots === 0 ? `Reaches ${people}.` : `Reaches ${people} and ${counted(bots, 'bot', 'bots')}.`;
}

/** Names as a sentence has them: a, b and c. */
function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
