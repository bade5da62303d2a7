import { useEffect, useState } from 'react';
import type { RouterReach } from '../../../resources/router.ts';
import { call } from '../../hub/call.ts';
import type { Router } from './router-sentence.ts';

/** How long (ms) nothing changes before the hub is asked. */
const CALM = 300;

/** How many the targets would reach in these rooms; null until the hub has answered. `path`: of the routers. */
export function useReach(path: string, targets: Router['targets'], roomIds: readonly string[]): RouterReach | null {
  const question = JSON.stringify({ targets, room_ids: roomIds });
  const [answered, setAnswered] = useState<{ question: string; reach: RouterReach } | null>(null);

  useEffect(() => {
    let isLate = false;
    const ask = async () => {
      const answer = await call<RouterReach>(`${path}/reach`, { method: 'POST', body: JSON.parse(question) as object });
      if (answer.ok && !isLate) setAnswered({ question, reach: answer.body });
    };
    const timer = setTimeout(() => ask().catch(console.error), CALM);
    return () => {
      isLate = true;
      clearTimeout(timer);
    };
  }, [path, question]);

  return answered?.question === question ? answered.reach : null;
}
