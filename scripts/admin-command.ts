/** Turns command lines into requests to the admin API. Pure, so that it can be tested without a hub. */
import { ADMIN_TOKEN_HELP } from './admin-connection.ts';
import { CHOICES, FIXED_FIELDS, type FieldKind, RESOURCES, type Resource, type Verb } from './admin-resources.ts';

export type AdminRequest = { method: string; path: string; body: Record<string, unknown> | null };
export type ParsedCommand = { ok: true; request: AdminRequest } | { ok: false; problem: string };

/** The values of options by name, without the leading dashes. */
export type Options = { readonly [name: string]: string | undefined };

const METHODS: { readonly [verb in Verb]: string } = {
  create: 'POST',
  list: 'GET',
  get: 'GET',
  update: 'PATCH',
  delete: 'DELETE',
  revoke: 'DELETE',
  add: 'PUT',
  remove: 'DELETE',
  'rotate-secret': 'POST',
};

/** The option with which a command must name one item of the collection; null for none. */
function itemOption({ id }: Resource, verb: Verb): string | null {
  return verb === 'create' || verb === 'list' ? null : id;
}

/** Option of a field: `first_name` is given as `--first-name`. */
export function optionOf(field: string): string {
  return field.replaceAll('_', '-');
}

/** The ids that a path needs: the words in braces. */
function idsIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
}

/** The options of all commands, without those of the connection. */
export function commandOptions(): string[] {
  const fields = Object.values(RESOURCES).flatMap((resource) => [
    ...(resource.id === null ? [] : [resource.id]),
    ...idsIn(resource.path),
    ...Object.keys(resource.fields).map(optionOf),
  ]);
  return [...new Set([...fields, 'page-size', 'cursor'])];
}

/** The request that a command means, or what is wrong with it. */
export function parseCommand(words: readonly string[], options: Options): ParsedCommand {
  const [resourceName = '', verbName = '', ...surplus] = words;
  const resource = Object.hasOwn(RESOURCES, resourceName) ? RESOURCES[resourceName] : undefined;
  if (resource === undefined) return problem(`unknown resource "${resourceName}"`);
  // Only reading needs no verb: nothing is changed by a word that is missing.
  const given = verbName === '' && resource.verbs.length === 1 ? 'list' : verbName;
  const verb = resource.verbs.find((known) => known === given);
  if (verb === undefined) return problem(`${resourceName} can be: ${resource.verbs.join(', ')}`);
  if (surplus.length > 0) return problem(`unexpected "${surplus.join(' ')}"`);

  const foreign = foreignOptions(resource, verb, options);
  if (foreign.length > 0)
    return problem(`${resourceName} ${verb} takes no ${foreign.map((name) => `--${name}`).join(', ')}`);

  const item = itemOption(resource, verb);
  const template = item === null ? resource.path : `${resource.path}/{${item}}`;
  const missing = idsIn(template).filter((name) => !options[name]);
  if (missing.length > 0) return problem(`missing ${missing.map((name) => `--${name} <id>`).join(' and ')}`);
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options[name] ?? ''));

  if (verb === 'rotate-secret')
    return { ok: true, request: { method: 'POST', path: `${path}/secret/rotate`, body: null } };
  if (verb === 'list')
    return { ok: true, request: { method: 'GET', path: `${path}${pageQuery(options)}`, body: null } };
  const hasBody = (verb === 'create' || verb === 'update') && Object.keys(resource.fields).length > 0;
  if (!hasBody) return { ok: true, request: { method: METHODS[verb], path, body: null } };
  const body: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(resource.fields)) {
    const text = options[optionOf(field)];
    if (text === undefined || (FIXED_FIELDS.includes(field) && verb === 'update')) continue;
    const value = fieldValue(kind, text);
    if (value === undefined) return problem(`--${optionOf(field)} is ${VALUES[kind]}`);
    body[field] = value;
  }
  const lacking = verb === 'create' ? resource.required.filter((field) => body[field] === undefined) : [];
  if (lacking.length > 0) {
    return problem(
      `missing ${lacking.map((field) => `--${optionOf(field)} <${VALUES[resource.fields[field] ?? 'text']}>`).join(' and ')}`,
    );
  }
  return { ok: true, request: { method: METHODS[verb], path, body } };
}

/** Given options that the command does not take. */
function foreignOptions(resource: Resource, verb: Verb, options: Options): string[] {
  const takesFields = verb === 'create' || verb === 'update';
  const item = itemOption(resource, verb);
  const known = new Set([
    ...idsIn(resource.path),
    ...(item === null ? [] : [item]),
    ...(verb === 'list' ? ['page-size', 'cursor'] : []),
    ...(takesFields
      ? Object.keys(resource.fields)
          .filter((field) => verb === 'create' || !FIXED_FIELDS.includes(field))
          .map(optionOf)
      : []),
  ]);
  return Object.keys(options).filter((name) => options[name] !== undefined && !known.has(name));
}

/** The value of a field's text; undefined when the text is invalid. */
function fieldValue(kind: FieldKind, text: string): unknown {
  switch (kind) {
    case 'text':
      return text;
    case 'nullable':
      return text === '' ? null : text;
    case 'flag':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'list':
      return partsOf(text);
    case 'scopes':
    case 'triggers':
      return chosenOf(CHOICES[kind], text);
    case 'number':
      return /^\d+$/.test(text) ? Number(text) : undefined;
    case 'seconds':
    case 'days':
    case 'quota':
      return text === '' ? null : /^\d+$/.test(text) ? Number(text) : undefined;
    case 'json':
      return text === '' ? null : jsonOf(text);
    case 'targets': {
      const targets = partsOf(text).map(routerTarget);
      return targets.includes(undefined) ? undefined : targets;
    }
  }
}

/** Undefined for a text that is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function chosenOf(choices: readonly string[], text: string): string[] | undefined {
  const parts = partsOf(text);
  return parts.every((part) => choices.includes(part)) ? parts : undefined;
}

function partsOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

/** A target of a router: `all`, or a kind and an id with a colon between them. `+bots` after a target includes bots. */
function routerTarget(text: string): { kind: string; id?: string; include_bots?: true } | undefined {
  const [, all, ofAll] = /^(all)(\+bots)?$/.exec(text) ?? [];
  const [, organization, ofIt] = /^organization:([^+]+)(\+bots)?$/.exec(text) ?? [];
  const [, kind, id] = /^(user|team):([^+]+)$/.exec(text) ?? [];
  const bots = (ofAll ?? ofIt) === undefined ? {} : { include_bots: true as const };
  if (all !== undefined) return { kind: 'all', ...bots };
  if (organization !== undefined) return { kind: 'organization', id: organization, ...bots };
  return kind === undefined || id === undefined ? undefined : { kind, id };
}

function pageQuery(options: Options): string {
  const query = new URLSearchParams();
  if (options['page-size'] !== undefined) query.set('page_size', options['page-size']);
  if (options['cursor'] !== undefined) query.set('cursor', options['cursor']);
  return query.size === 0 ? '' : `?${query}`;
}

function problem(text: string): ParsedCommand {
  return { ok: false, problem: text };
}

/** The help text, made from the same table as the commands. */
export function helpText(): string {
  const lines = Object.entries(RESOURCES).flatMap(([name, resource]) => {
    const ids = idsIn(resource.path)
      .map((id) => `--${id} <id>`)
      .join(' ');
    const fields = Object.entries(resource.fields).map(([field, kind]) => {
      const mark = resource.required.includes(field) ? '*' : '';
      return `--${optionOf(field)}${mark} <${VALUES[kind]}>`;
    });
    const single = resource.verbs.filter((verb) => itemOption(resource, verb) !== null);
    return [
      `  ${name} ${resource.verbs.join('|')} ${ids}`.trimEnd(),
      ...(single.length === 0
        ? []
        : [`      with --${resource.id} <${resource.id === 'name' ? 'text' : 'id'}>: ${single.join(', ')}`]),
      ...(fields.length === 0 ? [] : [`      fields: ${fields.join(' ')}`]),
      ...(resource.note === undefined ? [] : [`      ${resource.note}`]),
    ];
  });
  return [
    'Usage: npm run --silent admin -- <resource> <verb> [options]',
    '       npm run --silent admin -- bootstrap --env <environment> --name <organization> [--first-name <user>]',
    '       npm run --silent admin -- rotate-keys [--ends-previous true]',
    '',
    'bootstrap, once after the first deployment: makes the admin token and the key of secrets, sets and shows them; creates',
    'an organization, a room, and a user with a token of all scopes. It needs a login at Cloudflare.',
    'rotate-keys: makes another signing key, and wraps the secrets in D1 by the present SECRETS_KEY.',
    '',
    'Connection:',
    '  --base-url <url>   default: UMI_BASE_URL, else http://127.0.0.1:8787',
    ...ADMIN_TOKEN_HELP.split('\n').map((line) => `  ${line}`),
    '',
    'Commands (create needs the fields with *):',
    ...lines,
    '',
    'list takes --page-size <1-200> and --cursor <cursor>. An empty value of a nullable field means null.',
    'Prints the JSON of the answer. Ends with 1 when the hub refuses, with 2 when the command is wrong.',
    '',
  ].join('\n');
}

const VALUES: { readonly [kind in FieldKind]: string } = {
  text: 'text',
  nullable: 'text or empty',
  flag: 'true or false',
  list: 'a,b',
  scopes: `any of ${CHOICES.scopes}`,
  triggers: `any of ${CHOICES.triggers}`,
  number: 'number',
  seconds: 'seconds or empty',
  days: 'days or empty',
  quota: 'number or empty',
  json: 'JSON or empty',
  targets: 'all,all+bots,user:<id>,team:<id>,organization:<id>,organization:<id>+bots',
};
