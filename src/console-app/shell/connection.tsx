import { useReplica } from '../desk/desk.tsx';
import type { LiveStatus } from '../replica/live-client.ts';
import { timeOf } from '../words/times.ts';

/** Whether the hub is heard. */
export function Connection() {
  const live = useReplica((state) => state.live);
  const { state, words } = shownAs(live);
  return (
    <span className={`connection is-${state}`} role="status">
      {words}
    </span>
  );
}

function shownAs(live: LiveStatus): { state: 'live' | 'waiting' | 'broken'; words: string } {
  switch (live.is) {
    case 'live':
      return { state: 'live', words: 'Live' };
    case 'connecting':
      return { state: 'waiting', words: 'Connecting' };
    case 'waiting':
      return { state: 'broken', words: `Offline since ${timeOf(new Date(live.since).toISOString())}` };
    case 'signed_out':
      return { state: 'broken', words: 'Signed out' };
    case 'refused':
      return { state: 'broken', words: live.reason };
    case 'stopped':
      return { state: 'waiting', words: 'Stopped' };
  }
}
