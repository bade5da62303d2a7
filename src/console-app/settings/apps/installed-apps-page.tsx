import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { installationTokenResource } from '../../../resources/app.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { useCollection, useReadAgain, useRecord } from '../../records/read.ts';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { withoutDirectionMarks } from '../../words/names.ts';
import { wholeTimeOf } from '../../words/times.ts';
import { AppIsSent, AppRights } from './app-gets.tsx';
import type { Installation, InstallationDetail } from './app-types.ts';
import { OpenApp } from './open-app.tsx';

type Token = ReturnType<typeof installationTokenResource>;

/** The apps that the organization has installed, or one of them. */
export default function InstalledAppsPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/app_installations`;
  return id === null ? <InstalledApps path={path} /> : <InstalledApp path={`${path}/${id}`} />;
}

function InstalledApps({ path }: { path: string }) {
  const installations = useCollection<Installation>(path);
  return (
    <RecordPage
      title="Installed apps"
      about="Programs of yours and of others that work for your organization."
      actions={
        <Link className="button primary" to="/settings/$section" params={{ section: 'app-catalogue' }}>
          Install an app
        </Link>
      }
    >
      <RecordTable
        caption="Installed apps"
        collection={installations}
        keyOf={({ id }) => id}
        empty="No app is installed."
        columns={[
          {
            name: 'Name',
            cell: ({ id, app }) => (
              <Link to="/settings/$section/$id" params={{ section: 'apps', id }}>
                {app.name}
              </Link>
            ),
          },
          { name: 'By', cell: ({ app }) => app.owned_by_organization.name },
          { name: 'Rights', cell: ({ allowed_scopes }) => allowed_scopes.join(', ') || 'None' },
          {
            name: 'State',
            cell: ({ needs_consent }) =>
              needs_consent ? <span className="state is-warn">Asks to be sent more</span> : 'In use',
          },
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
        ]}
      />
    </RecordPage>
  );
}

function InstalledApp({ path }: { path: string }) {
  const read = useRecord<InstallationDetail>(path);
  const back = (
    <Link to="/settings/$section" params={{ section: 'apps' }}>
      Installed apps
    </Link>
  );
  return (
    <RecordPage title={read.resource?.app.name ?? 'App'} back={back}>
      <WithRecord read={read} missing="This app is not installed any more.">
        {(installation) => (
          <>
            <p>
              By <bdi>{installation.app.owned_by_organization.name}</bdi>. Installed{' '}
              {wholeTimeOf(installation.created_at)}.
            </p>
            {installation.app.description === '' ? null : <p className="written">{installation.app.description}</p>}
            {installation.needs_consent ? <Consent path={path} installation={installation} /> : null}
            <OpenApp path={path} />
            <RecordPart title="What it may do">
              <AppRights scopes={installation.allowed_scopes} hasBot={installation.app_user !== null} />
              {installation.app_user === null ? null : (
                <p className="muted">
                  Its bot is “<bdi>{installation.app_user.full_name}</bdi>”.
                </p>
              )}
            </RecordPart>
            <RecordPart title="What it is sent">
              <AppIsSent webhooks={installation.webhooks.filter(({ needs_consent }) => !needs_consent)} />
              <p>
                <Link to="/deliveries" search={{ receiver: installation.id }}>
                  See when it was sent what
                </Link>
              </p>
            </RecordPart>
            <Tokens path={path} />
            <Uninstall path={path} installation={installation} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

type Props = { path: string; installation: InstallationDetail };

/** What the app asks for beyond what it has. The version of what was shown goes along. */
function Consent({ path, installation: { app, webhooks } }: Props) {
  const readAgain = useReadAgain();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function agree(): Promise<void> {
    setBusy(true);
    const body = { webhooks_version: app.webhooks_version };
    const answer = await call<InstallationDetail>(`${path}/consent`, { method: 'POST', body });
    setProblem(answer.ok ? null : answer.detail);
    await readAgain(path.slice(0, path.lastIndexOf('/')));
    setBusy(false);
  }

  return (
    <RecordPart
      title="It asks to be sent more"
      about="It is sent nothing of this until you agree. The rest goes on. If you do not want it, leave it so, or uninstall the app."
    >
      <AppIsSent webhooks={webhooks.filter(({ needs_consent }) => needs_consent)} />
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem} Look at them again.
        </p>
      )}
      <p>
        <button type="button" className="button primary" disabled={isBusy} onClick={() => agree().catch(console.error)}>
          Agree
        </button>
      </p>
    </RecordPart>
  );
}

function Tokens({ path }: { path: string }) {
  const all = `${path}/tokens`;
  const tokens = useCollection<Token>(all);
  const readAgain = useReadAgain();
  return (
    <RecordPart
      title="Tokens"
      about="With one the app acts as its bot until it ends. It can get others, until you uninstall it."
    >
      <RecordTable
        caption="Tokens that the app has"
        collection={tokens}
        keyOf={({ id }) => id}
        empty="It has none."
        columns={[
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
          {
            name: 'Ends',
            cell: ({ expires_at }) => (expires_at === null ? 'Never' : `${wholeTimeOf(expires_at)}, if it is not used`),
          },
          {
            name: 'Actions',
            cell: ({ id }) => (
              <ConfirmButton
                label="Revoke"
                isSmall
                title="Revoke this token?"
                confirm="Revoke"
                onConfirm={() => call(`${all}/${id}`, { method: 'DELETE' })}
                onDone={() => readAgain(all)}
              >
                What the app does with it is refused within a few seconds. The app stays installed.
              </ConfirmButton>
            ),
          },
        ]}
      />
    </RecordPart>
  );
}

function Uninstall({ path, installation: { app, app_user } }: Props) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Uninstall">
      <p className="muted">It is sent nothing more. What it was sent, it may have kept.</p>
      <p>
        <ConfirmButton
          label="Uninstall the app"
          title={`Uninstall “${app.name}”?`}
          confirm="Uninstall"
          onConfirm={() => call(path, { method: 'DELETE' })}
          onDone={async () => {
            await navigate({ to: '/settings/$section', params: { section: 'apps' } });
            await readAgain(path.slice(0, path.lastIndexOf('/')));
          }}
        >
          It is sent nothing more, and its tokens stop working.{' '}
          {app_user === null
            ? ''
            : withoutDirectionMarks(`Its bot “${app_user.full_name}” is deleted and leaves its chats.`)}
        </ConfirmButton>
      </p>
    </RecordPart>
  );
}
