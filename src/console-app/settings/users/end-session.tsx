import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';

type Props = {
  /** Of the session. */
  path: string;
  /** Whether it is the session of this browser. */
  isThis: boolean;
  onDone: () => Promise<void>;
};

/** Ends the session of a browser. */
export function EndSession({ path, isThis, onDone }: Props) {
  return (
    <ConfirmButton
      label="End"
      isSmall
      title="End the session?"
      confirm="End it"
      onConfirm={() => call(path, { method: 'DELETE' })}
      onDone={() => onDone().catch(console.error)}
    >
      {isThis
        ? 'It is the session of this browser: you are signed out.'
        : 'The browser is signed out within half a minute. What was written there stays in it.'}
    </ConfirmButton>
  );
}
