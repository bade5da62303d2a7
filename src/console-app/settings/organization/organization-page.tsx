import type { organizationResource } from '../../../resources/organization.ts';
import { useDesk } from '../../desk/desk.tsx';
import { call } from '../../hub/call.ts';
import { CheckField, LongTextField, NumberField, TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useReadAgain, useRecord } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPage, WithRecord } from '../../records/record-page.tsx';

type Organization = ReturnType<typeof organizationResource>;

/** What holds for the whole organization. */
export default function OrganizationPage() {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}`;
  const read = useRecord<Organization>(path);
  return (
    <RecordPage title="Organization" about="What holds for all rooms and people of your organization.">
      <WithRecord read={read} missing="The organization is gone.">
        {(organization) => <OrganizationForm path={path} organization={organization} />}
      </WithRecord>
    </RecordPage>
  );
}

/** Texts that may be missing. The hub has null for those. */
const TEXTS = ['email', 'phone', 'street', 'postal_code', 'city', 'country', 'business_id', 'domain'] as const;

function OrganizationForm({ path, organization }: { path: string; organization: Organization }) {
  const readAgain = useReadAgain();
  const texts = Object.fromEntries(TEXTS.map((name) => [name, organization[name] ?? ''])) as Record<
    (typeof TEXTS)[number],
    string
  >;
  const form = useForm({
    initial: {
      ...texts,
      name: organization.name,
      message_list_days: organization.message_list_days,
      chat_retention_days: organization.chat_retention_days,
      unanswered_retention_days: organization.unanswered_retention_days,
      is_renaming_allowed: organization.is_renaming_allowed,
      encryption_public_key: organization.encryption_public_key ?? '',
    },
    save: (_, changes) =>
      call<Organization>(path, {
        method: 'PATCH',
        body: Object.fromEntries(
          Object.entries(changes).map(([name, value]) => [name, value === '' && name !== 'name' ? null : value]),
        ),
      }),
    onSaved: () => readAgain(path),
  });
  return (
    <RecordForm form={form} save="Save">
      <TextField label="Name" isRequired {...form.bind('name')} />
      <TextField label="Email" type="email" {...form.bind('email')} />
      <TextField label="Phone" {...form.bind('phone')} />
      <TextField label="Street" {...form.bind('street')} />
      <TextField label="Postal code" {...form.bind('postal_code')} />
      <TextField label="City" {...form.bind('city')} />
      <TextField label="Country" {...form.bind('country')} />
      <TextField label="Business ID" {...form.bind('business_id')} />
      <h2>History</h2>
      <NumberField
        label="Messages are listed for (days)"
        hint="In the list of all messages, which reports are made from. Chats keep older ones."
        min={1}
        empty="Always"
        {...form.bind('message_list_days')}
      />
      <NumberField
        label="Chats are kept for (days after their end)"
        hint="After that they are purged: nobody can bring them back."
        min={1}
        empty="For ever"
        {...form.bind('chat_retention_days')}
      />
      <NumberField
        label="Chats that nobody answered are kept for (days)"
        min={1}
        empty="For ever"
        {...form.bind('unanswered_retention_days')}
      />
      <h2>Rights</h2>
      <CheckField label="Users may change their own names" {...form.bind('is_renaming_allowed')} />
      <h2>Interfaces</h2>
      <TextField
        label="Domain"
        hint="By which the JSON-RPC interface names the organization."
        isCode
        {...form.bind('domain')}
      />
      <LongTextField
        label="Public key"
        hint="Chats that start from now on are encrypted with it, and only who has the private key can read them later. An RSA key of 2048 to 4096 bits in PEM."
        isCode
        rows={6}
        {...form.bind('encryption_public_key')}
      />
    </RecordForm>
  );
}
