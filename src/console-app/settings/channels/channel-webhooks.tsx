import { RecordPart } from '../../records/record-page.tsx';
import { SendTest } from '../../records/send-test.tsx';
import { ChannelSecret } from './channel-secret.tsx';
import { LedgerLine } from './ledger-line.tsx';

/** What goes out: how it went so far, the secret that signs it, and a test. */
export function ChannelWebhooks({ path }: { path: string }) {
  return (
    <RecordPart
      title="Webhooks"
      about="What agents and bots answer goes to the webhook URL. Your program checks the signature with the secret, and answers 2xx within five seconds."
    >
      <LedgerLine path={path} />
      <ChannelSecret path={path} />
      <SendTest path={`${path}/test`} />
    </RecordPart>
  );
}
