import { Link, useNavigate } from '@tanstack/react-router';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { CheckField, SelectField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { PickedField } from '../../records/picked-field.tsx';
import { CUT_WORDS, useReadAgain, useRecord } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPage, RecordPart, WithRecord } from '../../records/record-page.tsx';
import { type Nameable, useNameable } from './router-names.ts';
import {
  type Chosen,
  chosenOf,
  type Names,
  type Router,
  reachInWords,
  sentenceOf,
  targetsOf,
} from './router-sentence.ts';
import { usePartners } from './use-partners.ts';
import { useReach } from './use-reach.ts';

/** One router: a sentence that one builds, and whom it reaches. */
export function RouterRecord({ collection, id }: { collection: string; id: string }) {
  const path = `${collection}/${id}`;
  const read = useRecord<Router>(path);
  const nameable = useNameable();
  const back = (
    <Link to="/settings/$section" params={{ section: 'routers' }}>
      Routers
    </Link>
  );
  return (
    <RecordPage title={read.resource?.name ?? 'Router'} back={back}>
      <WithRecord read={read} missing="There is no such router.">
        {(router) => (
          <>
            <RouterForm collection={collection} router={router} nameable={nameable} />
            <DeleteRouter path={path} collection={collection} name={router.name} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

type Values = Chosen & { readonly name: string; readonly room_ids: readonly string[] };

type FormProps = { collection: string; router: Router; nameable: Nameable };

function RouterForm({ collection, router, nameable }: FormProps) {
  const readAgain = useReadAgain();
  const form = useForm<Values, Router>({
    initial: { name: router.name, room_ids: router.room_ids, ...chosenOf(router.targets) },
    save: (values, { name, room_ids, ...chosen }) =>
      call<Router>(`${collection}/${router.id}`, {
        method: 'PATCH',
        body: {
          ...(name === undefined ? {} : { name }),
          ...(room_ids === undefined ? {} : { room_ids }),
          ...(Object.keys(chosen).length === 0 ? {} : { targets: targetsOf(values) }),
        },
      }),
    onSaved: () => readAgain(collection),
  });
  const { rooms, users, areUsersCut, teams, sharedRoomIds } = nameable;
  const { room_ids, partners } = form.values;
  const choices = usePartners(sharedRoomIds.filter((id) => room_ids.includes(id)));
  const nameOf: Names = (kind, id) =>
    kind === 'organization' ? choices.find(({ value }) => value === id)?.label : nameable.nameOf(kind, id);
  return (
    <RecordForm form={form} save="Save">
      <Summary collection={collection} values={form.values} nameOf={nameOf} />
      <TextField label="Name" isRequired {...form.bind('name')} />
      <PickedField label="Rooms" what="room" choices={rooms} {...form.bind('room_ids')} />
      <SelectField
        label="Everybody in the organization"
        choices={[
          { value: 'no', label: 'Only those below' },
          { value: 'people', label: 'All people' },
          { value: 'bots', label: 'All people and bots' },
        ]}
        {...form.bind('everybody')}
      />
      <PickedField
        label="People and bots"
        what="person or bot"
        choices={users}
        {...(areUsersCut ? { hint: `${CUT_WORDS} A router can name a team of the others.`, unknown: 'Somebody' } : {})}
        {...form.bind('user_ids')}
      />
      <PickedField label="Teams" what="team" choices={teams} {...form.bind('team_ids')} />
      {choices.length === 0 && partners.length === 0 ? null : (
        <PickedField
          label="Partner organizations"
          hint="Those with which a room above is shared."
          what="partner organization"
          choices={choices}
          value={partners.map(({ id }) => id)}
          onValue={(ids) =>
            form.set({
              partners: ids.map((id) => partners.find((each) => each.id === id) ?? { id, include_bots: false }),
            })
          }
          problem={form.bind('partners').problem}
        />
      )}
      {partners.map((partner) => (
        <CheckField
          key={partner.id}
          label={`Bots of ${nameOf('organization', partner.id) ?? 'the partner organization'}, too`}
          value={partner.include_bots}
          onValue={(include_bots) =>
            form.set({ partners: partners.map((each) => (each.id === partner.id ? { ...each, include_bots } : each)) })
          }
          problem={undefined}
        />
      ))}
    </RecordForm>
  );
}

/** Up to how many the hub counts (docs/limits.md). */
const MOST_REACHED = 1_000;

/** What the router would do as it is being edited. */
function Summary({ collection, values, nameOf }: { collection: string; values: Values; nameOf: Names }) {
  const targets = targetsOf(values);
  const reach = useReach(collection, targets, values.room_ids);
  const isNobody = values.room_ids.length > 0 && reach !== null && reach.users + reach.bots === 0;
  return (
    <p className={isNobody ? 'router-sentence is-bad' : 'router-sentence'} role="status">
      {sentenceOf({ room_ids: [...values.room_ids], targets }, nameOf)}{' '}
      {values.room_ids.length === 0 || reach === null ? null : <strong>{reachInWords(reach, MOST_REACHED)}</strong>}
    </p>
  );
}

function DeleteRouter({ path, collection, name }: { path: string; collection: string; name: string }) {
  const readAgain = useReadAgain();
  const navigate = useNavigate();
  return (
    <RecordPart title="Delete">
      <p>
        <ConfirmButton
          label="Delete the router"
          title={`Delete “${name}”?`}
          confirm="Delete"
          onConfirm={() => call(path, { method: 'DELETE' })}
          onDone={async () => {
            await navigate({ to: '/settings/$section', params: { section: 'routers' } });
            await readAgain(collection);
          }}
        >
          Those of its rooms that have no other router reach everybody but bots again.
        </ConfirmButton>
      </p>
    </RecordPart>
  );
}
