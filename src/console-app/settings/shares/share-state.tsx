import type { ShareStatus } from '../../../resources/share.ts';

type Props = { status: ShareStatus; waitsFor: 'them' | 'you' };

/** Whether something is shared, or who must accept it first. */
export function ShareState({ status, waitsFor }: Props) {
  if (status === 'shared') return <span className="state is-good">Shared</span>;
  return <span className="state is-warn">Waits for {waitsFor}</span>;
}
