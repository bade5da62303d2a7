import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { FormDialog } from '../../records/record-form.tsx';
import { RecordPage } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { ShownOnce } from '../../records/shown-once.tsx';
import type { OwnApp } from './app-form.tsx';
import { SECRET_WORDS } from './app-secret.tsx';
import { OwnAppRecord } from './own-app-record.tsx';

/** The apps that the organization owns, or one of them. */
export default function OwnAppsPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/apps`;
  return id === null ? <OwnAppList path={path} /> : <OwnAppRecord path={`${path}/${id}`} />;
}

function OwnAppList({ path }: { path: string }) {
  const apps = useCollection<OwnApp>(path);
  return (
    <RecordPage
      title="Own apps"
      about="Programs of yours that use the hub for each organization that installs them."
      actions={<NewApp path={path} />}
    >
      <RecordTable
        caption="Own apps"
        collection={apps}
        keyOf={({ id }) => id}
        empty="You have no app. An app gets rights, a bot and webhooks wherever it is installed."
        columns={[
          {
            name: 'Name',
            cell: ({ id, name }) => (
              <Link to="/settings/$section/$id" params={{ section: 'own-apps', id }}>
                {name}
              </Link>
            ),
          },
          {
            name: 'Who may install it',
            cell: ({ is_available_to_anyone }) => (is_available_to_anyone ? 'Anyone' : 'Your organization'),
          },
          { name: 'Rights', cell: ({ required_scopes }) => required_scopes.join(', ') || 'None' },
          { name: 'Installed', isNumber: true, cell: ({ installation_count }) => installation_count },
        ]}
      />
    </RecordPage>
  );
}

function NewApp({ path }: { path: string }) {
  const navigate = useNavigate();
  const readAgain = useReadAgain();
  const [isOpen, setOpen] = useState(false);
  const [created, setCreated] = useState<{ id: string; secret: string } | null>(null);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New app
      </button>
      {isOpen ? (
        <NewAppDialog
          path={path}
          onClose={() => setOpen(false)}
          onCreated={(app) => {
            setOpen(false);
            setCreated(app);
          }}
        />
      ) : null}
      {created === null ? null : (
        <ShownOnce
          title="The secret of the app"
          text={created.secret}
          what="the secret"
          onClose={async () => {
            await readAgain(path);
            await navigate({ to: '/settings/$section/$id', params: { section: 'own-apps', id: created.id } });
          }}
        >
          {SECRET_WORDS}
        </ShownOnce>
      )}
    </>
  );
}

type NewAppProps = {
  path: string;
  onClose: () => void;
  onCreated: (app: { id: string; secret: string }) => void;
};

function NewAppDialog({ path, onClose, onCreated }: NewAppProps) {
  const form = useForm({
    initial: { name: '', terms_url: '', privacy_url: '' },
    save: (values) => call<OwnApp & { secret: string }>(path, { method: 'POST', body: values }),
    onSaved: onCreated,
  });
  return (
    <FormDialog title="New app" form={form} save="Create" isOpen onOpen={onClose}>
      <TextField label="Name" isRequired {...form.bind('name')} />
      <TextField
        label="Terms of service"
        type="url"
        hint="The address of the page."
        isRequired
        isCode
        {...form.bind('terms_url')}
      />
      <TextField
        label="Privacy policy"
        type="url"
        hint="The address of the page."
        isRequired
        isCode
        {...form.bind('privacy_url')}
      />
    </FormDialog>
  );
}
