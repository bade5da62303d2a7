import { Link } from '@tanstack/react-router';
import { CopiedText } from '../../records/copied-text.tsx';
import { useRecord } from '../../records/read.ts';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { ChannelWebhooks } from '../channels/channel-webhooks.tsx';
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
              <ChannelWebhooks
                channelId={settings.channel_id}
                about="They are signed with this secret. Your program may check that, too."
                hasTest={false}
              />
            )}
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}
