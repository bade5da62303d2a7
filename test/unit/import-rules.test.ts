import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { arrowsBetween, circlesIn, folderOf, type Import, readImportGraph } from '../../scripts/import-graph.ts';

// Paths are under src/. A folder ends in `/` and means everything in it.

/** What these files may import besides themselves. */
const ONLY: { readonly [place: string]: readonly string[] } = {
  'resources/': [],
  'db/': [],
  'platform/': [],
  'domain/': ['resources/'],
  'http/': ['directory/', 'platform/', 'resources/', 'db/'],
  'app.ts': ['api/', 'http/'],
  'console-app/': ['resources/', 'live/client-frames.ts'],
  'api/refuse-thread.ts': ['http/', 'domain/refusals.ts', 'resources/message.ts'],
};

/** The files that may import these besides themselves. All others use `rpc/`, or a neighbouring file. */
const BY: { readonly [place: string]: readonly string[] } = {
  'thread/': ['index.ts'],
  'presence/': ['index.ts'],
  'console-app/': [],
  'live/socket-owner.ts': ['live/', 'api/live/'],
  'live/client-frames.ts': ['live/', 'console-app/'],
  'live/': ['index.ts'],
  'read-model/collector.ts': ['api/copy-database.ts', 'api/execute-command.ts', 'delivery/'],
  'read-model/thread-register.ts': ['api/operator/'],
  'read-model/': ['index.ts'],
  'api/deliveries/': ['api/umi/', 'api/apps/'],
  // Dialects do not import each other. What several need is in api/shared/.
  'api/apps/': ['app.ts', 'api/operator/'],
  'api/chats/': ['app.ts', 'api/operator/'],
  'api/directory/': ['app.ts', 'api/operator/'],
  'api/live/': ['app.ts'],
  'api/operator/': ['app.ts'],
  'api/rpc/': ['app.ts'],
  'api/session/': ['app.ts'],
  'api/umi/': ['app.ts'],
  'api/users/': ['app.ts'],
  'api/visitor-records/': ['app.ts'],
  'api/visitors/': ['app.ts'],
  // Others know a thread's name, queries and commands. Only the thread knows its rules.
  'domain/decide/': ['thread/'],
  'domain/evolve.ts': ['domain/', 'thread/'],
  'domain/grants.ts': ['domain/', 'thread/'],
  'domain/members.ts': ['domain/', 'thread/'],
  'domain/state.ts': ['domain/', 'thread/', 'notifications/'],
};

const { sources, imports } = readImportGraph('src');

const isWithin = (path: string, place: string) => path === place || (place.endsWith('/') && path.startsWith(place));
const isWithinAny = (path: string, places: readonly string[]) => places.some((place) => isWithin(path, place));
const shown = ({ from, to }: Import) => `${from} → ${to}`;

const circles = (name: (path: string) => string) => circlesIn(arrowsBetween(imports, name));

describe('the source files', () => {
  it('have no circular import, neither between files nor between folders', () => {
    expect(imports.length).toBeGreaterThan(sources.size);
    expect(circles((path) => path)).toEqual([]);
    expect(circles(folderOf)).toEqual([]);
    expect(circles((path) => path.split('/')[0] ?? '')).toEqual([]);
  });

  it('keep pure code pure and HTTP free of chats', () => {
    const broken = imports.filter(({ from, to }) => {
      const place = Object.keys(ONLY).find((each) => isWithin(from, each));
      return place !== undefined && !isWithin(to, place) && !isWithinAny(to, ONLY[place] ?? []);
    });
    expect(broken.map(shown)).toEqual([]);
  });

  it('import guarded folders only where the table allows it', () => {
    const broken = imports.filter(({ from, to }) => {
      const place = Object.keys(BY).find((each) => isWithin(to, each));
      return place !== undefined && !isWithin(from, place) && !isWithinAny(from, BY[place] ?? []);
    });
    expect(broken.map(shown)).toEqual([]);
  });

  it('name every local import with its extension', () => {
    const isFile = (path: string) => sources.has(path) || (/\.css$/.test(path) && existsSync(`src/${path}`));
    expect(imports.filter(({ to }) => !isFile(to))).toEqual([]);
  });

  it('share nothing but types with the console, which runs in a browser', () => {
    const shared = imports.filter(({ from, to }) => isWithin(from, 'console-app/') && !isWithin(to, 'console-app/'));
    expect(shared.length).toBeGreaterThan(0);
    expect(shared.filter(({ isType }) => !isType).map(shown)).toEqual([]);
  });

  it('keep the replica of the console apart from its screens and from the browser', () => {
    const ofReplica = [...sources].filter(([path]) => isWithin(path, 'console-app/replica/'));
    expect(ofReplica.length).toBeGreaterThan(0);
    const outward = imports.filter(
      ({ from, to }) =>
        isWithin(from, 'console-app/replica/') &&
        !isWithinAny(to, ['console-app/replica/', 'resources/', 'live/client-frames.ts']),
    );
    expect(outward.map(shown)).toEqual([]);
    expect(ofReplica.filter(([, text]) => /^(import|\} from) .*'[^.;]/m.test(text)).map(([path]) => path)).toEqual([]);
  });

  it('make and match notifications in one place for apps and sockets', () => {
    const importersOf = (file: string) => [
      ...new Set(imports.filter(({ to, isType }) => to === file && !isType).map(({ from }) => from.split('/')[0])),
    ];
    expect(importersOf('notifications/notifications.ts')).toEqual(['thread']);
    expect(importersOf('notifications/match.ts').sort()).toEqual(['live', 'thread']);
    expect(importersOf('notifications/webhook-body.ts').sort()).toEqual(['notifications', 'thread']);
    expect(importersOf('notifications/channel-webhooks.ts')).toEqual(['thread']);
  });

  it('write to the log in one place', () => {
    const writers = [...sources].filter(([, text]) => /\bconsole\.\w+\(/.test(text)).map(([path]) => path);
    expect(writers).toEqual(['platform/log.ts']);
  });

  it('name the database whose tables they query', () => {
    const queries = [...sources].filter(([path, text]) => !path.startsWith('db/') && /(?<!D1)\bDatabase\b/.test(text));
    // A walk of any index, and the question whether a database answers.
    expect(queries.map(([path]) => path)).toEqual(['api/service/health.ts', 'chats/scan.ts']);
    const branded = [...sources].filter(([, text]) => /\bas \w+Database\b/.test(text)).map(([path]) => path);
    expect(branded).toEqual(['db/database.ts', 'read-model/projector.ts']);
  });

  it('contain no SQL in the dialects', () => {
    const dialects = [...sources].filter(([path]) => path.startsWith('api/'));
    expect(
      dialects.filter(([, text]) => /['"`]\s*(SELECT|INSERT|UPDATE|DELETE)\s/.test(text)).map(([path]) => path),
    ).toEqual([]);
  });

  it('are short, and are named after their content', () => {
    expect([...sources].filter(([, text]) => text.split('\n').length > 401).map(([path]) => path)).toEqual([]);
    expect(
      [...sources.keys()].filter((path) => /(^|\/)(utils?|helpers?|common|misc|.*manager)\.ts$/.test(path)),
    ).toEqual([]);
  });
});
