import { Link } from '@tanstack/react-router';
import { CopiedText } from '../../records/copied-text.tsx';
import { useRecord } from '../../records/read.ts';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { ChannelSecret } from '../channels/channel-secret.tsx';
import { LedgerLine } from '../channels/ledger-line.tsx';
import { InterfaceForm } from './interface-form.tsx';
import { InterfaceKeys } from './interface-keys.tsx';
import { type Kind, type Settings, WORDS } from './interface-words.ts';

/** One interface: where it is, its keys, its settings, and what goes out. */
export function InterfaceRecord({ organization, kind }: { organization: string; kind: Kind }) {
  const path = `${organization}/${kind}`;
  const read = useRecord<Settings>(path);
  const words = WORDS[kind];
  const back = (
    <Link to="/settings/$section" params={{ section: 'interfaces' }}>
      Interfaces
    </Link>
  );
  return (
    <RecordPage title={words.name} about={words.about} back={back}>
      <p>
        Its address: <CopiedText text={`${location.origin}${words.address}`} what="the address" />
      </p>
      <InterfaceKeys path={path} kind={kind} />
      <WithRecord read={read} missing="There is no such interface.">
        {(settings) => (
          <>
            <RecordPart title="Settings">
              {'orgid' in settings ? (
                <p>
                  It names your organization <CopiedText text={settings.orgid} what="the organization’s number" />
                </p>
              ) : null}
              <InterfaceForm path={path} kind={kind} settings={settings} />
            </RecordPart>
            {settings.channel_id === null ? null : (
              <Webhooks path={`${organization}/unified_messaging/${settings.channel_id}`} />
            )}
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

/** An interface is a channel: its webhooks are signed and counted as those of any other. `path`: of that channel. */
function Webhooks({ path }: { path: string }) {
  return (
    <RecordPart title="Webhooks" about="They are signed with this secret. Your program may check that, too.">
      <LedgerLine path={path} />
      <ChannelSecret path={path} />
    </RecordPart>
  );
}
