import { useNow } from '../desk/ticks.ts';
import { untilOf } from '../words/times.ts';
import { STATUS_WORDS } from './filter.ts';
import { attemptsOf, type Delivery, resultOf } from './rows.ts';

const SIGNS = { pending: '…', delivered: '✓', exhausted: '✕', skipped: '–' } as const;
const LOOKS = { pending: 'is-warn', delivered: 'is-good', exhausted: 'is-bad', skipped: 'muted' } as const;

/** The state of a webhook, and its attempts. `most`: of them without replays; null when unknown. */
export function StatusMark({ delivery, most }: { delivery: Delivery; most: number | null }) {
  const { status, is_replay } = delivery;
  return (
    <span className={`state ${LOOKS[status]}`}>
      <span aria-hidden="true">{SIGNS[status]}</span> {STATUS_WORDS[status]} {attemptsOf(delivery, most)}
      {is_replay ? <span className="chip">Replay</span> : null}
    </span>
  );
}

/** How the last attempt of a webhook ended, and when the next one is. */
export function Result({ delivery }: { delivery: Delivery }) {
  const result = resultOf(delivery);
  return (
    <>
      {result}
      {delivery.next_attempt_at === null ? null : (
        <>
          {result === '' ? '' : ', '}
          <NextTry at={delivery.next_attempt_at} />
        </>
      )}
    </>
  );
}

function NextTry({ at }: { at: string }) {
  const now = useNow();
  return <span className="muted">{Date.parse(at) <= now ? 'next try now' : `next try in ${untilOf(at, now)}`}</span>;
}
