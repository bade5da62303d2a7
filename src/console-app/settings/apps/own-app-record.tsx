import { Link, useNavigate } from '@tanstack/react-router';
import type { installationResource } from '../../../resources/app.ts';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CopiedText } from '../../records/copied-text.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain, useRecord } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';
import { AppFields, bodyOf, type OwnApp, valuesOf } from './app-form.tsx';
import { AppSecret } from './app-secret.tsx';
import { AppWebhooks } from './app-webhooks.tsx';

/** An installation as the owner of the app sees it. */
type InstallationOfApp = Pick<
  ReturnType<typeof installationResource>,
  'id' | 'organization' | 'allowed_scopes' | 'needs_consent' | 'created_at'
>;

/** An app that the organization owns. */
export function OwnAppRecord({ path }: { path: string }) {
  const read = useRecord<OwnApp>(path);
  const back = (
    <Link to="/settings/$section" params={{ section: 'own-apps' }}>
      Own apps
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'App'} back={back}>
      <WithRecord read={read} missing="There is no such app.">
        {(app) => (
          <>
            <AppForm path={path} app={app} />
            <AppWebhooks path={path} app={app} />
            <Installations path={path} app={app} />
            <AppSecret path={path} />
            <RecordPart title="For programs">
              <p>
                <CopiedText text={app.id} what="the app’s ID" />
              </p>
            </RecordPart>
            <DeleteApp path={path} app={app} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

type Props = { path: string; app: OwnApp };

function AppForm({ path, app }: Props) {
  const readAgain = useReadAgain();
  const form = useForm({
    initial: valuesOf(app),
    save: (_, changes) => call<OwnApp>(path, { method: 'PATCH', body: bodyOf(changes) }),
    onSaved: () => readAgain(path.slice(0, path.lastIndexOf('/'))),
  });
  return (
    <RecordForm form={form} save="Save">
      <AppFields form={form} />
    </RecordForm>
  );
}

function Installations({ path, app }: Props) {
  const installations = useCollection<InstallationOfApp>(`${path}/installations`);
  return (
    <RecordPart
      title="Where it is installed"
      actions={
        <Link className="button" to="/settings/$section/$id" params={{ section: 'app-catalogue', id: app.id }}>
          Install it here
        </Link>
      }
    >
      <RecordTable
        caption="Installations"
        collection={installations}
        keyOf={({ id }) => id}
        empty="Nowhere yet. Until then its webhooks send nothing."
        columns={[
          { name: 'Organization', cell: ({ organization }) => organization.name },
          { name: 'Rights', cell: ({ allowed_scopes }) => allowed_scopes.join(', ') || 'None' },
          {
            name: 'Webhooks',
            cell: ({ needs_consent }) => (needs_consent ? 'Newer ones wait for consent' : 'All'),
          },
          { name: 'Since', cell: ({ created_at }) => wholeTimeOf(created_at) },
          {
            name: 'Log',
            cell: ({ id, organization }) => (
              <Link to="/deliveries" search={{ receiver: id }} aria-label={`Deliveries about ${organization.name}`}>
                Deliveries
              </Link>
            ),
          },
        ]}
      />
    </RecordPart>
  );
}

function DeleteApp({ path, app }: Props) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Delete">
      <p className="muted">It is uninstalled everywhere. What it was sent stays in the log.</p>
      <p>
        <ConfirmButton
          label="Delete the app"
          title={`Delete “${app.name}”?`}
          confirm="Delete"
          onConfirm={() => call(path, { method: 'DELETE' })}
          onDone={async () => {
            await navigate({ to: '/settings/$section', params: { section: 'own-apps' } });
            await readAgain(path.slice(0, path.lastIndexOf('/')));
          }}
        >
          It is uninstalled in every organization ({app.installation_count} now). Its bots are deleted and leave their
          chats, its tokens end, and webhooks that are still on their way are not sent.
        </ConfirmButton>
      </p>
    </RecordPart>
  );
}
