import { Link } from '@tanstack/react-router';
import { Ledger } from '../../deliveries/ledger.tsx';
import { receiverWith } from '../../deliveries/receivers.ts';
import { useDesk } from '../../desk/desk.tsx';
import { RecordPart } from '../../records/record-page.tsx';
import { SendTest } from '../../records/send-test.tsx';
import { ChannelSecret } from './channel-secret.tsx';

type Props = {
  channelId: string;
  about: string;
  /** Whether the hub sends it tests. */
  hasTest: boolean;
};

/** What goes out: how it went so far, the secret that signs it, and a test. An interface is a channel, too. */
export function ChannelWebhooks({ channelId, about, hasTest }: Props) {
  const { session } = useDesk();
  const receiver = receiverWith([], session.organization_id, channelId);
  return (
    <RecordPart
      title="Webhooks"
      about={about}
      actions={
        <Link to="/deliveries" search={{ receiver: channelId }}>
          All deliveries
        </Link>
      }
    >
      <Ledger receiver={receiver} />
      <ChannelSecret path={receiver.log} />
      {hasTest ? <SendTest path={`${receiver.log}/test`} /> : null}
    </RecordPart>
  );
}
