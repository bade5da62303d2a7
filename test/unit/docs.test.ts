import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { tableRows } from '../support/document-tables.ts';

const README_BYTES = 8 * 1024;

const read = (path: string) => readFileSync(path, 'utf8');

const openApi = JSON.parse(read('public/openapi.json')) as { paths: Record<string, unknown> };

const documents = new Map(
  ['.', 'docs', 'examples/third-party-chat']
    .flatMap((folder) => readdirSync(folder).map((name) => normalize(join(folder, name))))
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, withoutCode(read(path))]),
);

/** The text without fenced blocks. A `#` in them is not a heading, and brackets are not links. */
function withoutCode(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let repeat = 1; anchors.has(unique); repeat += 1) unique = `${anchor}-${repeat}`;
    anchors.add(unique);
  }
  return anchors;
}

describe('the documents', () => {
  test('link to existing files and headings', () => {
    const broken: string[] = [];
    for (const [path, text] of documents) {
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const linked = file === '' ? path : normalize(join(dirname(path), file));
        const isThere = documents.has(linked) || readdirSync(dirname(linked)).includes(linked.split('/').at(-1) ?? '');
        const isHeading = anchor === undefined || anchorsOf(documents.get(linked) ?? '').has(anchor);
        if (!isThere || !isHeading) broken.push(`${path}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('are all linked from the README, directly or through others', () => {
    const reached = new Set<string>();
    const queue = ['README.md'];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (reached.has(path)) continue;
      reached.add(path);
      for (const [, target = ''] of (documents.get(path) ?? '').matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
        queue.push(normalize(join(dirname(path), target)));
      }
    }
    expect([...documents.keys()].filter((path) => !reached.has(path))).toEqual([]);
  });

  test('name existing files', () => {
    const folders = ['src', 'test', 'docs', 'scripts', 'bench', 'chaos', 'migrations', 'examples'];
    const files = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
    );
    const known = new Set(files.flatMap((path) => [path, path.split('/').at(-1) ?? '']));
    const missing: string[] = [];
    for (const [path, text] of documents) {
      for (const [, named = ''] of text.matchAll(
        /`([\w./-]+\.(?:test\.ts|sql)|(?:src|test|bench|chaos)\/[\w./-]*)`/g,
      )) {
        if (!known.has(named.replace(/\/$/, '')) && !/^(src|test|bench|chaos)\/$/.test(named))
          missing.push(`${path}: ${named}`);
      }
    }
    expect(missing).toEqual([]);
  });

  test('have whole tables: each row is below a head and has as many cells', () => {
    const broken: string[] = [];
    for (const [path, text] of documents) {
      let cells: number | null = null;
      const lines = text.split('\n');
      for (const [place, line] of lines.entries()) {
        if (!line.startsWith('|')) {
          cells = null;
          continue;
        }
        const count = line.match(/(?<!\\)\|/g)?.length ?? 0;
        const isHead = cells === null && /^\|[-:| ]+\|$/.test(lines[place + 1] ?? '');
        if (isHead) cells = count;
        else if (count !== cells) broken.push(`${path}:${place + 1}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('call people *they*', () => {
    const found = Array.from(documents, ([path, text]) => [path, text.match(/\b(he|him|his|himself)\b/gi)]);
    expect(found.filter(([, words]) => words !== null)).toEqual([]);
  });

  test('README is short', () => {
    expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(README_BYTES);
  });
});

test('docs/configuration.md names each setting of the Worker, with its default', () => {
  const rows = read('docs/configuration.md').split('\n## ')[0] ?? '';
  const documented = new Map(
    Array.from(rows.matchAll(/^\| `([A-Z_]+)` \| \w+ \| `?([^|`]*)`? \|/gm), ([, name = '', value = '']) => [
      name,
      value.trim(),
    ]),
  );
  const generated = read('worker-configuration.d.ts').split('__BaseEnv_Env {')[1]?.split('}')[0] ?? '';
  const settings = [
    ...Array.from(generated.matchAll(/^\s*([A-Z_]+): string;/gm), ([, name]) => name),
    ...Array.from(read('src/env.d.ts').matchAll(/^\s*([A-Z_]+)\?:/gm), ([, name]) => name),
  ];
  expect(settings.length).toBeGreaterThan(5);
  expect([...documented.keys()].sort()).toEqual([...settings].sort());
  const defaults = new Set<string>();
  for (const [, name = '', value = ''] of read('wrangler.toml').matchAll(/^([A-Z_]+) = "(.*)"$/gm)) {
    expect([name, documented.get(name)]).toEqual([name, value === '' ? 'empty' : value]);
    defaults.add(name);
  }
  const others = [...documented].filter(([name]) => !defaults.has(name));
  expect(others.map(([, value]) => value)).toEqual(others.map(() => 'none'));
});

test('docs/operations.md explains each event of the log', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const written = sources.flatMap((path) =>
    Array.from(
      readFileSync(join('src', path), 'utf8').matchAll(/writeLog\(\s*'\w+',\s*'([\w.]+)'|\bevent: '([\w.]+)'/g),
      ([, logged, event]) => logged ?? event ?? '',
    ),
  );
  expect(written.length).toBeGreaterThan(30);
  const cells = tableRows('docs/operations.md', 'The log').map(([cell = '']) => cell);
  const explained = new Set(cells.flatMap((cell) => Array.from(cell.matchAll(/`([\w.]+)`/g), ([, event]) => event)));
  expect(written.filter((event) => !explained.has(event))).toEqual([]);
});

test('CONTRIBUTING.md has each command and each dependency', () => {
  const { scripts, dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'));
  const commands = tableRows('CONTRIBUTING.md', 'Commands').map(([cell = '']) => cell.replaceAll('`', ''));
  const documented = commands.filter((cell) => cell.startsWith('npm ')).map((cell) => cell.replace(/^npm (run )?/, ''));
  expect(documented.sort()).toEqual(Object.keys(scripts).sort());

  const packages = tableRows('CONTRIBUTING.md', 'Dependencies').map(([cell = '']) => cell.split('`')[1] ?? '');
  expect(packages).toEqual(expect.arrayContaining(Object.keys({ ...dependencies, ...devDependencies })));
  const installed = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(packages.filter((name) => !installed.includes(name))).toEqual([]);
});

test('the signature check in docs/webhooks.md accepts genuine requests, and no other request crashes it', async () => {
  const code = /By hand[\s\S]*?```js\n([\s\S]*?)```/.exec(read('docs/webhooks.md'))?.[1] ?? '';
  const { isGenuine } = await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(`${code}\nexport { isGenuine };`)}`
  );
  const secret = `whsec_${Buffer.from('a secret of the test').toString('base64')}`;
  const now = new Date();
  const signature = new Webhook(secret).sign('evt', now, '{}');
  const headers = {
    'webhook-id': 'evt',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signature,
  };
  expect(isGenuine(secret, headers, '{}')).toBe(true);
  expect(isGenuine(secret, headers, '{ }')).toBe(false);
  for (const name of Object.keys(headers))
    expect(isGenuine(secret, { ...headers, [name]: undefined }, '{}')).toBe(false);
});

test('docs/api.md names the last part of each path of the API', () => {
  const text = read('docs/api.md');
  const paths = Object.keys(openApi.paths).filter((path) => !path.startsWith('/admin/'));
  const parts = new Set(
    paths.map((path) => path.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? ''),
  );
  expect(parts.size).toBeGreaterThan(40);
  expect([...parts].filter((part) => !text.includes(`/${part}`))).toEqual([]);
});
