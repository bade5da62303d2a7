import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

type Room = {
  /** Files and folders (ending in `/`) of the room, under src/. The first room that matches a file has it. */
  holds: readonly string[];
  /** What it may import besides itself. */
  may: readonly string[];
  /** What it may import types from, besides. */
  mayTypes?: readonly string[];
};

/** What others know of a thread: how it is named, asked and told. */
const THREAD_CONTRACT = [
  'domain/address.ts',
  'domain/commands.ts',
  'domain/events.ts',
  'domain/queries.ts',
  'domain/fingerprints.ts',
  'domain/refusals.ts',
];
const BELOW_DIALECTS = [
  'audience/',
  'platform/',
  'live/feed.ts',
  'http/',
  'directory/',
  'delivery/',
  'projections/',
  'chats/',
  'stubs.ts',
  'resources/',
  'db/',
];
/** What dialects share: files that lie beside them. */
const SHARED_BY_DIALECTS = [
  'api/copy-database.ts',
  'api/execute-command.ts',
  'api/refuse-thread.ts',
  'api/reach-cache.ts',
  'api/app-registry/',
  'api/delivery-log/',
];
/** How the objects of the Chats API are documented and paged: visitors are shown them too. */
const CHAT_OBJECTS = ['api/chats/schemas.ts', 'api/chats/message-schema.ts', 'api/chats/member-page.ts'];
const dialect = (name: string): Room => ({
  holds: [`api/${name}/`],
  may: [...SHARED_BY_DIALECTS, ...BELOW_DIALECTS, ...THREAD_CONTRACT],
  mayTypes: ['presence/client.ts'],
});

/** The rooms of the house. An arrow that is not here does not exist. */
const ROOMS: { readonly [room: string]: Room } = {
  worker: { holds: ['index.ts'], may: [''] },
  app: { holds: ['app.ts'], may: ['http/', 'api/'] },
  umi: dialect('umi'),
  chatsApi: dialect('chats'),
  console: dialect('console'),
  liveSockets: { ...dialect('live'), may: [...dialect('live').may, 'live/socket-owner.ts'] },
  admin: dialect('admin'),
  apps: dialect('apps'),
  appRegistry: {
    holds: ['api/app-registry/'],
    may: [
      'api/copy-database.ts',
      'api/reach-cache.ts',
      'api/delivery-log/',
      'audience/',
      'http/',
      'directory/',
      'delivery/',
      'stubs.ts',
      'resources/',
      'db/',
    ],
  },
  deliveryLog: {
    holds: ['api/delivery-log/'],
    may: ['api/copy-database.ts', 'http/', 'delivery/', 'stubs.ts', 'resources/', 'db/'],
  },
  visitors: { ...dialect('visitors'), may: [...dialect('visitors').may, ...CHAT_OBJECTS] },
  reachCache: {
    holds: ['api/reach-cache.ts'],
    may: ['api/copy-database.ts', 'audience/', 'http/', 'directory/', 'platform/', 'resources/', 'db/'],
  },
  executeCommand: {
    holds: ['api/execute-command.ts'],
    may: [
      'delivery/',
      'projections/collector.ts',
      'projections/slice.ts',
      'stubs.ts',
      'domain/commands.ts',
      'domain/refusals.ts',
      'db/',
    ],
  },
  copyDatabase: { holds: ['api/copy-database.ts'], may: ['http/', 'projections/collector.ts', 'db/'] },
  refuseThread: { holds: ['api/refuse-thread.ts'], may: ['http/', 'domain/refusals.ts'] },
  http: {
    holds: ['http/'],
    may: [
      'platform/',
      'directory/tokens.ts',
      'directory/known-users.ts',
      'directory/users.ts',
      'directory/organizations.ts',
      'directory/apps.ts',
      'directory/app-principals.ts',
      'directory/app-tokens.ts',
      'directory/signing-keys.ts',
      'directory/visitor-sessions.ts',
      'resources/',
      'db/',
    ],
  },
  domain: { holds: ['domain/'], may: ['resources/'], mayTypes: ['delivery/lane.ts'] },
  threadShell: {
    holds: ['thread/'],
    may: [
      'domain/',
      'audience/',
      'live/feed.ts',
      'projections/',
      'delivery/',
      'stubs.ts',
      'platform/',
      'resources/',
      'db/',
    ],
  },
  live: {
    holds: ['live/'],
    may: [
      'platform/',
      'audience/',
      'projections/',
      'stubs.ts',
      'chats/',
      'delivery/in-parallel.ts',
      'directory/',
      'resources/',
      'db/',
    ],
  },
  presence: {
    holds: ['presence/'],
    may: ['platform/', 'stubs.ts', 'domain/address.ts', 'domain/commands.ts', 'directory/', 'resources/', 'db/'],
  },
  delivery: {
    holds: ['delivery/'],
    may: ['chats/scan.ts', 'projections/collector.ts', 'stubs.ts', 'platform/', 'resources/', 'directory/', 'db/'],
    mayTypes: ['chats/id-walk.ts', 'projections/slice.ts'],
  },
  projections: {
    holds: ['projections/'],
    may: ['stubs.ts', 'platform/', 'domain/events.ts', 'resources/', 'db/'],
    mayTypes: ['delivery/lane.ts', 'domain/state.ts'],
  },
  stubs: {
    holds: ['stubs.ts'],
    may: ['db/'],
    mayTypes: ['domain/', 'thread/', 'presence/', 'live/', 'projections/', 'delivery/', 'resources/'],
  },
  chats: { holds: ['chats/'], may: ['resources/', 'db/'] },
  directory: { holds: ['directory/'], may: ['platform/', 'db/'], mayTypes: ['resources/'] },
  audience: {
    holds: ['audience/'],
    may: ['projections/', 'directory/', 'delivery/lane.ts', 'platform/', 'resources/', 'db/'],
  },
  platform: { holds: ['platform/'], may: [] },
  resources: { holds: ['resources/'], may: [] },
  db: { holds: ['db/'], may: [] },
};

type Import = { from: string; to: string; isType: boolean };

const sources = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => [path, readFileSync(join('src', path), 'utf8')]),
);

function importsOf(from: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^'";]*?(?:from\s*)?'(\.[^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\(\s*'(\.[^']+)'\s*\)/g);
  const target = (specifier = '') => normalize(join(dirname(from), specifier));
  return [
    ...Array.from(statements, ([, type, specifier]) => ({ from, to: target(specifier), isType: type !== undefined })),
    ...Array.from(dynamic, ([, specifier]) => ({ from, to: target(specifier), isType: false })),
  ];
}

const roomOf = (path: string) => Object.values(ROOMS).find((room) => isWithin(path, room.holds));
const isWithin = (path: string, places: readonly string[]) =>
  places.some((place) => path === place || ((place === '' || place.endsWith('/')) && path.startsWith(place)));

function isAllowed({ from, to, isType }: Import): boolean {
  const room = roomOf(from);
  if (room === undefined) return false;
  if (roomOf(to) === room || isWithin(to, room.may)) return true;
  // Every room that is no pure core may write to the log.
  if (to === 'platform/log.ts' && room !== ROOMS['domain'] && room !== ROOMS['resources']) return true;
  return isType && isWithin(to, room.mayTypes ?? []);
}

describe('the house', () => {
  it('has a room for every file', () => {
    expect([...sources.keys()].filter((path) => roomOf(path) === undefined)).toEqual([]);
  });

  it('has no arrow that runs back up', () => {
    const imports = [...sources].flatMap(([path, text]) => importsOf(path, text));
    expect(imports.length).toBeGreaterThan(sources.size);
    const broken = imports.filter((one) => !isAllowed(one));
    expect(broken.map(({ from, to, isType }) => `${from} → ${to}${isType ? ' (types)' : ''}`)).toEqual([]);
  });

  it('names every local import with its extension', () => {
    const imports = [...sources].flatMap(([path, text]) => importsOf(path, text));
    expect(imports.filter(({ to }) => !sources.has(to))).toEqual([]);
  });

  it('has one notion of change, on which apps and sockets both feed (ENGINE 6)', () => {
    const imports = [...sources].flatMap(([path, text]) => importsOf(path, text)).filter(({ isType }) => !isType);
    const importersOf = (file: string) => [
      ...new Set(imports.filter(({ to }) => to === file).map(({ from }) => from.split('/')[0])),
    ];
    expect(importersOf('projections/notifications.ts').sort()).toEqual(['projections', 'thread']);
    expect(importersOf('projections/match.ts').sort()).toEqual(['live', 'projections']);
    expect(importersOf('projections/webhook-body.ts').sort()).toEqual(['projections', 'thread']);
    expect(importersOf('projections/changes-between.ts')).toEqual(['projections']);
  });

  it('writes to the log in one place', () => {
    const writers = [...sources].filter(([, text]) => /\bconsole\./.test(text)).map(([path]) => path);
    expect(writers).toEqual(['platform/log.ts']);
  });

  it('holds no SQL in its dialects', () => {
    const dialects = [...sources].filter(([path]) => path.startsWith('api/'));
    expect(
      dialects.filter(([, text]) => /['"`]\s*(SELECT|INSERT|UPDATE|DELETE)\s/.test(text)).map(([path]) => path),
    ).toEqual([]);
  });

  it('keeps its files short and named after what they hold', () => {
    expect([...sources].filter(([, text]) => text.split('\n').length > 401).map(([path]) => path)).toEqual([]);
    expect(
      [...sources.keys()].filter((path) => /(^|\/)(utils?|helpers?|common|misc|.*manager)\.ts$/.test(path)),
    ).toEqual([]);
  });
});
