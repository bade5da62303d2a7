/** What the command line asks of the admin API: pure, so that it can be tested without a hub. */
export type AdminRequest = { method: string; path: string; body: Record<string, unknown> | null };
export type ParsedCommand = { ok: true; request: AdminRequest } | { ok: false; problem: string };

/** Values of options by their name without dashes in front. */
export type Options = { readonly [name: string]: string | undefined };

type FieldKind = 'text' | 'nullable' | 'flag' | 'list' | 'seconds' | 'days' | 'targets';
type Resource = {
  /** Path of the collection; the words in braces are options. */
  path: string;
  /** The option that names one of the collection. */
  id: string;
  fields: { readonly [field: string]: FieldKind };
  verbs: readonly Verb[];
};
type Verb = 'create' | 'list' | 'get' | 'update' | 'delete' | 'revoke' | 'add' | 'remove' | 'rotate-secret';

export const RESOURCES: { readonly [resource: string]: Resource } = {
  organizations: {
    path: '/organizations',
    id: 'organization',
    fields: {
      id: 'text',
      name: 'text',
      has_active_subscription: 'flag',
      private_chats: 'flag',
      private_chat_history: 'flag',
      message_list_days: 'days',
    },
    verbs: ['create', 'list', 'get', 'update'],
  },
  users: {
    path: '/organizations/{organization}/users',
    id: 'user',
    fields: {
      id: 'text',
      first_name: 'text',
      last_name: 'text',
      alias: 'nullable',
      avatar_url: 'nullable',
      email: 'nullable',
      is_bot: 'flag',
      is_staff: 'flag',
      title: 'nullable',
      phone: 'nullable',
      gender: 'nullable',
      birthday: 'nullable',
      is_online_enabled: 'flag',
    },
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  rooms: {
    path: '/organizations/{organization}/rooms',
    id: 'room',
    fields: {
      id: 'text',
      name: 'text',
      display_name: 'text',
      language_code: 'text',
      visitor_chat_idle_ttl: 'seconds',
      task_chat_ttl: 'seconds',
      require_online: 'flag',
      is_open: 'flag',
      domain: 'nullable',
    },
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'allowed-tags': {
    path: '/organizations/{organization}/rooms/{room}/allowed_tags',
    id: 'name',
    fields: { name: 'text' },
    verbs: ['create', 'list', 'delete'],
  },
  'room-shares': {
    path: '/organizations/{organization}/rooms/{room}/shares',
    id: 'partner',
    fields: {},
    verbs: ['list', 'add', 'remove'],
  },
  routers: {
    path: '/organizations/{organization}/routers',
    id: 'router',
    fields: { id: 'text', name: 'text', targets: 'targets', room_ids: 'list' },
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  teams: {
    path: '/organizations/{organization}/teams',
    id: 'team',
    fields: { id: 'text', name: 'text', display_name: 'text' },
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'team-members': {
    path: '/organizations/{organization}/teams/{team}/members',
    id: 'user',
    fields: {},
    verbs: ['list', 'add', 'remove'],
  },
  'team-shares': {
    path: '/organizations/{organization}/teams/{team}/shares',
    id: 'partner',
    fields: {},
    verbs: ['list', 'add', 'remove'],
  },
  tokens: {
    path: '/organizations/{organization}/users/{user}/tokens',
    id: 'token',
    fields: { scopes: 'list', label: 'text', expires_at: 'nullable' },
    verbs: ['create', 'list', 'revoke'],
  },
  apps: {
    path: '/organizations/{organization}/apps',
    id: 'app',
    fields: {
      name: 'text',
      description: 'text',
      terms_url: 'text',
      privacy_url: 'text',
      icon_url: 'nullable',
      trigger_url: 'nullable',
      trigger_types: 'list',
      is_app_user_required: 'flag',
      required_scopes: 'list',
      is_available_to_anyone: 'flag',
    },
    verbs: ['create', 'list', 'get', 'update', 'delete', 'rotate-secret'],
  },
  'app-webhooks': {
    path: '/organizations/{organization}/apps/{app}/webhooks',
    id: 'webhook',
    fields: {
      endpoint_url: 'text',
      channel_pattern: 'text',
      on_added: 'flag',
      on_changed: 'flag',
      on_removed: 'flag',
      is_enabled: 'flag',
    },
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'app-installations': {
    path: '/organizations/{organization}/app_installations',
    id: 'installation',
    fields: { app_id: 'text' },
    verbs: ['create', 'list', 'get', 'delete'],
  },
};

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

/** Whether a command is about one of the collection, which it has to name. */
function namesOne(verb: Verb): boolean {
  return verb !== 'create' && verb !== 'list';
}

/** Option of a field: `first_name` is given as `--first-name`. */
export function optionOf(field: string): string {
  return field.replaceAll('_', '-');
}

/** Every option that some command takes, without the connection's. */
export function commandOptions(): string[] {
  const fields = Object.values(RESOURCES).flatMap((resource) => [
    resource.id,
    ...Object.keys(resource.fields).map(optionOf),
  ]);
  return [...new Set([...fields, 'page-size', 'cursor'])];
}

/** The request that a command means, or what is wrong with it. */
export function parseCommand(words: readonly string[], options: Options): ParsedCommand {
  const [resourceName = '', verbName = '', ...surplus] = words;
  const resource = Object.hasOwn(RESOURCES, resourceName) ? RESOURCES[resourceName] : undefined;
  if (resource === undefined) return problem(`unknown resource "${resourceName}"`);
  const verb = resource.verbs.find((known) => known === verbName);
  if (verb === undefined) return problem(`${resourceName} can be: ${resource.verbs.join(', ')}`);
  if (surplus.length > 0) return problem(`unexpected "${surplus.join(' ')}"`);

  const template = namesOne(verb) ? `${resource.path}/{${resource.id}}` : resource.path;
  const missing = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').filter((name) => !options[name]);
  if (missing.length > 0) return problem(`missing ${missing.map((name) => `--${name} <id>`).join(' and ')}`);
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options[name] ?? ''));

  if (verb === 'rotate-secret')
    return { ok: true, request: { method: 'POST', path: `${path}/secret/rotate`, body: null } };
  if (verb === 'list')
    return { ok: true, request: { method: 'GET', path: `${path}${pageQuery(options)}`, body: null } };
  if (verb !== 'create' && verb !== 'update') return { ok: true, request: { method: METHODS[verb], path, body: null } };
  const body: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(resource.fields)) {
    const text = options[optionOf(field)];
    if (text === undefined || (field === 'id' && verb === 'update')) continue;
    const value = fieldValue(kind, text);
    if (value === undefined) return problem(`--${optionOf(field)} is ${VALUES[kind]}`);
    body[field] = value;
  }
  return { ok: true, request: { method: METHODS[verb], path, body } };
}

/** The value that a field's text means; undefined when it means none. */
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
    case 'seconds':
    case 'days':
      return text === '' ? null : /^\d+$/.test(text) ? Number(text) : undefined;
    case 'targets': {
      const targets = partsOf(text).map(routerTarget);
      return targets.includes(undefined) ? undefined : targets;
    }
  }
}

function partsOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

/** A target of a router: `all`, or a kind and an id with a colon between them. */
function routerTarget(text: string): { kind: string; id?: string } | undefined {
  if (text === 'all') return { kind: 'all' };
  const [, kind, id] = /^(user|team|organization):(.+)$/.exec(text) ?? [];
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
    const ids = [...resource.path.matchAll(/\{(\w+)\}/g)].map(([, id]) => `--${id} <id>`).join(' ');
    const fields = Object.entries(resource.fields).map(([field, kind]) => `--${optionOf(field)} <${VALUES[kind]}>`);
    const single = resource.verbs.filter(namesOne);
    return [
      `  ${name} ${resource.verbs.join('|')} ${ids}`.trimEnd(),
      ...(single.length === 0
        ? []
        : [`      with --${resource.id} <${resource.id === 'name' ? 'text' : 'id'}>: ${single.join(', ')}`]),
      ...(fields.length === 0 ? [] : [`      fields: ${fields.join(' ')}`]),
    ];
  });
  return [
    'Usage: node scripts/admin.ts <resource> <verb> [options]',
    '',
    'Connection:',
    '  --base-url <url>   default: UMI_BASE_URL, else http://127.0.0.1:8787',
    '  UMI_ADMIN_TOKEN    the ADMIN_TOKEN of the hub (from the environment only: arguments are visible to other users)',
    '',
    'Commands:',
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
  seconds: 'seconds or empty',
  days: 'days or empty',
  targets: 'all,user:<id>,team:<id>,organization:<id>',
};
