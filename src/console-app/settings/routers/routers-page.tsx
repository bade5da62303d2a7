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
import { withoutDirectionMarks } from '../../words/names.ts';
import { useNameable } from './router-names.ts';
import { RouterRecord } from './router-record.tsx';
import { type Names, type Router, sentenceOf } from './router-sentence.ts';
import { usePartners } from './use-partners.ts';

/** The routers, or one of them. */
export default function RoutersPage({ id }: { id: string | null }) {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}/routers`;
  return id === null ? <RouterList path={path} /> : <RouterRecord collection={path} id={id} />;
}

function RouterList({ path }: { path: string }) {
  const routers = useCollection<Router>(path);
  const { rooms, sharedRoomIds, nameOf: nameOfOwn } = useNameable();
  const withPartners = routers.items.filter(({ targets }) => targets.some(({ kind }) => kind === 'organization'));
  const routedToPartners = new Set(withPartners.flatMap(({ room_ids }) => room_ids));
  const partners = usePartners(sharedRoomIds.filter((id) => routedToPartners.has(id)));
  const nameOf: Names = (kind, id) =>
    kind === 'organization' ? partners.find(({ value }) => value === id)?.label : nameOfOwn(kind, id);
  const routed = new Set(routers.items.flatMap(({ room_ids }) => room_ids));
  const others = rooms.filter(({ value }) => !routed.has(value)).map(({ label }) => label);
  return (
    <RecordPage
      title="Routers"
      about="A router decides who gets the chats of its rooms. A room without one reaches everybody but bots."
      actions={<NewRouter path={path} />}
    >
      <RecordTable
        caption="Routers"
        collection={routers}
        keyOf={({ id }) => id}
        empty="There is no router yet: all chats reach everybody but bots."
        columns={[
          {
            name: 'Name',
            cell: ({ id, name }) => (
              <Link to="/settings/$section/$id" params={{ section: 'routers', id }}>
                {name}
              </Link>
            ),
          },
          { name: 'What it does', cell: (router) => sentenceOf(router, nameOf) },
        ]}
      />
      {routers.items.length === 0 || routers.hasMore || others.length === 0 ? null : (
        <p className="muted">Rooms without a router: {withoutDirectionMarks(others.join(', '))}.</p>
      )}
    </RecordPage>
  );
}

function NewRouter({ path }: { path: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        New router
      </button>
      {isOpen ? <NewRouterDialog path={path} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function NewRouterDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  const form = useForm({
    initial: { name: '' },
    save: (values) => call<Router>(path, { method: 'POST', body: values }),
    onSaved: async ({ id }) => {
      onClose();
      await readAgain(path);
      await navigate({ to: '/settings/$section/$id', params: { section: 'routers', id } });
    },
  });
  return (
    <FormDialog title="New router" form={form} save="Create" isOpen onOpen={onClose}>
      <TextField label="Name" hint="Such as: support goes to the night shift." isRequired {...form.bind('name')} />
    </FormDialog>
  );
}
