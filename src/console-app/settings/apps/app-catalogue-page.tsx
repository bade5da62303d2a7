import { Link, useNavigate } from '@tanstack/react-router';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { useChoices, useCollection, useReadAgain, useRecord } from '../../records/read.ts';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { AppIsSent, AppRights } from './app-gets.tsx';
import type { Installation, InstallationDetail, PublicApp, PublicAppDetail } from './app-types.ts';

/** The apps that the organization may install, or one of them. */
export default function AppCataloguePage({ id }: { id: string | null }) {
  return id === null ? <Catalogue /> : <AppToInstall id={id} />;
}

const CATALOGUE = '/api/v5/public_apps';

function Catalogue() {
  const apps = useCollection<PublicApp>(CATALOGUE);
  return (
    <RecordPage
      title="App catalogue"
      about="Apps that you may install: your own, and those that others offer to anyone. Nothing of yours is shown to an app before you install it."
    >
      <RecordTable
        caption="Apps that you may install"
        collection={apps}
        keyOf={({ id }) => id}
        empty="There is no app yet."
        columns={[
          {
            name: 'Name',
            cell: ({ id, name }) => (
              <Link to="/settings/$section/$id" params={{ section: 'app-catalogue', id }}>
                {name}
              </Link>
            ),
          },
          { name: 'By', cell: ({ owned_by_organization }) => owned_by_organization.name },
          { name: 'About', cell: ({ description }) => firstWords(description) },
          { name: 'Installed', isNumber: true, cell: ({ installation_count }) => installation_count },
        ]}
      />
    </RecordPage>
  );
}

const MOST_CHARACTERS = 120;

function firstWords(description: string): string {
  return description.length > MOST_CHARACTERS ? `${description.slice(0, MOST_CHARACTERS)}…` : description;
}

function AppToInstall({ id }: { id: string }) {
  const read = useRecord<PublicAppDetail>(`${CATALOGUE}/${id}`);
  const back = (
    <Link to="/settings/$section" params={{ section: 'app-catalogue' }}>
      App catalogue
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'App'} back={back}>
      <WithRecord read={read} missing="There is no such app. Perhaps it is not offered any more.">
        {(app) => <Offer app={app} again={read.again} />}
      </WithRecord>
    </RecordPage>
  );
}

/** What one agrees to by installing an app. Its version goes along, so that nothing else is agreed to. */
function Offer({ app, again }: { app: PublicAppDetail; again: () => void }) {
  return (
    <>
      <p>
        By <bdi>{app.owned_by_organization.name}</bdi>
      </p>
      {app.description === '' ? null : <p className="written">{app.description}</p>}
      <RecordPart title="What it may do">
        <AppRights scopes={app.required_scopes} hasBot={app.is_app_user_required} />
      </RecordPart>
      <RecordPart title="What it is sent">
        <AppIsSent webhooks={app.webhooks} />
      </RecordPart>
      <Install app={app} again={again} />
    </>
  );
}

function Install({ app, again }: { app: PublicAppDetail; again: () => void }) {
  const { session } = useDesk();
  const navigate = useNavigate();
  const readAgain = useReadAgain();
  const path = `/api/v5/orgs/${session.organization_id}/app_installations`;
  const installed = useChoices<Installation>(path).find(({ app_id }) => app_id === app.id);
  const missing = app.required_scopes.filter((scope) => !session.scopes.includes(scope));
  const open = (id: string) => navigate({ to: '/settings/$section/$id', params: { section: 'apps', id } });

  if (installed !== undefined) {
    return (
      <p>
        It is installed.{' '}
        <Link to="/settings/$section/$id" params={{ section: 'apps', id: installed.id }}>
          See what it has
        </Link>
      </p>
    );
  }
  if (missing.length > 0) {
    return (
      <p className="muted">
        You cannot give it the rights that it needs, since you do not have them yourself: {missing.join(', ')}.
      </p>
    );
  }
  return (
    <p>
      <ConfirmButton
        label="Install"
        isPrimary
        title={`Install “${app.name}”?`}
        confirm="Install and agree"
        onConfirm={async () => {
          const body = { app_id: app.id, webhooks_version: app.webhooks_version };
          const answer = await call<InstallationDetail>(path, { method: 'POST', body });
          if (answer.ok) await open(answer.body.id);
          // It has changed since, or a colleague was faster: the page shows what is so now.
          else if (answer.status === 409) again();
          await readAgain(path);
          return answer;
        }}
      >
        You agree to what this page says. For more than that, the app must ask you again.
      </ConfirmButton>
    </p>
  );
}
