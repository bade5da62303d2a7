import type { AppTrigger, ownAppResource } from '../../../resources/app.ts';
import { CheckField, ChecksField, LongTextField, TextField } from '../../records/fields.tsx';
import type { Form } from '../../records/form.ts';
import { SCOPE_WORDS, TRIGGER_WORDS } from './app-words.ts';

export type OwnApp = ReturnType<typeof ownAppResource>;

export type AppValues = {
  name: string;
  description: string;
  terms_url: string;
  privacy_url: string;
  icon_url: string;
  trigger_url: string;
  trigger_types: readonly string[];
  is_app_user_required: boolean;
  required_scopes: readonly string[];
  is_available_to_anyone: boolean;
};

/** What the fields show of an app. The hub has null for URLs that are missing. */
export function valuesOf(app: OwnApp): AppValues {
  return {
    name: app.name,
    description: app.description,
    terms_url: app.terms_url,
    privacy_url: app.privacy_url,
    icon_url: app.icon_asset?.url ?? '',
    trigger_url: app.trigger_url ?? '',
    trigger_types: app.trigger_types,
    is_app_user_required: app.is_app_user_required,
    required_scopes: app.required_scopes,
    is_available_to_anyone: app.is_available_to_anyone,
  };
}

/** Changed values as the hub takes them. */
export function bodyOf({ icon_url, trigger_url, ...changes }: Partial<AppValues>): object {
  return {
    ...changes,
    ...(icon_url === undefined ? {} : { icon_url: icon_url || null }),
    ...(trigger_url === undefined ? {} : { trigger_url: trigger_url || null }),
  };
}

const SCOPE_CHOICES = Object.entries(SCOPE_WORDS).map(([value, words]) => ({ value, label: `${value}: ${words}` }));
const TRIGGER_CHOICES = (Object.keys(TRIGGER_WORDS) as AppTrigger[]).map((value) => ({
  value: value as string,
  label: TRIGGER_WORDS[value],
}));

export function AppFields({ form }: { form: Form<AppValues> }) {
  return (
    <>
      <TextField label="Name" isRequired {...form.bind('name')} />
      <LongTextField label="Description" hint="Who installs the app reads it first." {...form.bind('description')} />
      <TextField label="Terms of service" type="url" isRequired isCode {...form.bind('terms_url')} />
      <TextField label="Privacy policy" type="url" isRequired isCode {...form.bind('privacy_url')} />
      <TextField label="Icon" type="url" hint="The address of an image." isCode {...form.bind('icon_url')} />
      <h2>What it may do</h2>
      <ChecksField
        label="Rights"
        hint="Organizations that install the app from now on give it these. Those that have it keep what they gave."
        choices={SCOPE_CHOICES}
        {...form.bind('required_scopes')}
      />
      <CheckField
        label="It takes part in chats as a bot"
        hint="Where the app is installed, it gets a user of its own, and its webhooks carry a token of that user."
        {...form.bind('is_app_user_required')}
      />
      <CheckField
        label="Anyone may install it"
        hint="Otherwise only your own organization may."
        {...form.bind('is_available_to_anyone')}
      />
      <h2>How it is opened</h2>
      <TextField
        label="Address"
        type="url"
        hint="A console opens it, with a signed message that says who opens the app, and where."
        isCode
        {...form.bind('trigger_url')}
      />
      <ChecksField label="When" choices={TRIGGER_CHOICES} {...form.bind('trigger_types')} />
    </>
  );
}
