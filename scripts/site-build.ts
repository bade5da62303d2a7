/**
 * Builds the static files of the hub into `dist/site`: `public/`, the library of the reference page, and the console.
 * wrangler calls this before each build (wrangler.toml), so every way to run or deploy the Worker has them.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { InlineConfig } from 'vite';
import { projectPath, projectRoot } from './project.ts';
import { sourcesDigest } from './sources-digest.ts';

/** The folder that wrangler.toml names. Assets are served from it, and each build replaces it whole. */
const SITE = projectPath('dist/site');

/** Says which sources a site was built from. It is not deployed. */
const DIGEST = '.digest';

/** Builds also what is built. */
const FRESH = '--fresh';

const SOURCES = ['package-lock.json', 'scripts/site-build.ts', 'scripts/vite-options.ts', 'public', 'src/console-app'];

/** Builds the site when its sources have changed, or when `fresh` is set. Throws with Vite's words when it fails. */
export async function buildSite(fresh = false): Promise<void> {
  if (!fresh && (await isBuilt())) return;
  // A process of its own: whoever asks may run in another mode, such as a test, which would get a console for development.
  const child = spawn(process.execPath, [projectPath('scripts/site-build.ts'), FRESH], {
    cwd: projectRoot,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (ended) => resolve(ended ?? 1));
  });
  if (code !== 0) throw new Error(`the console does not build:\n${said}`);
}

async function isBuilt(): Promise<boolean> {
  return (await builtDigest()) === sourcesDigest(SOURCES);
}

async function build(): Promise<void> {
  const digest = sourcesDigest(SOURCES);
  await mkdir(projectPath('dist'), { recursive: true });
  const workshop = await mkdtemp(projectPath('dist/site-building-'));
  try {
    await cp(projectPath('public'), workshop, { recursive: true });
    const library = projectPath('node_modules/@scalar/api-reference/dist/browser/standalone.js');
    await cp(library, join(workshop, 'reference/scalar.js'));
    const { consoleOptions } = await import('./vite-options.ts');
    await vite({ ...consoleOptions, build: { ...consoleOptions.build, outDir: join(workshop, 'console') } });
    await writeFile(join(workshop, DIGEST), digest);
    await writeFile(join(workshop, '.assetsignore'), `${DIGEST}\n`);
    await replaceSite(workshop, digest);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function vite(options: InlineConfig): Promise<void> {
  // Loaded here, since a start that finds the site built does without.
  const { build } = await import('vite');
  await build(options);
}

/** Two builds may finish together. Both are of the same sources, so either one may stay. */
async function replaceSite(workshop: string, digest: string): Promise<void> {
  const old = `${workshop}-old`;
  await rename(SITE, old).catch(unlessMissing);
  try {
    await rename(workshop, SITE);
  } catch (error) {
    if ((await builtDigest()) !== digest) throw error;
  }
  await rm(old, { recursive: true, force: true });
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

async function builtDigest(): Promise<string | null> {
  return await readFile(join(SITE, DIGEST), 'utf8').catch(() => null);
}

export type SiteSize = {
  /** Scripts and styles that the page names, which load before anything is shown: bytes with gzip. */
  initial: number;
  /** All scripts and styles: bytes with gzip. */
  all: number;
};

/** Measures the console of the built site. */
export async function consoleSize(): Promise<SiteSize> {
  const folder = join(SITE, 'console');
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const size: SiteSize = { initial: 0, all: 0 };
  for (const name of await readdir(join(folder, 'assets'))) {
    if (!/\.(js|css)$/.test(name)) continue;
    const bytes = gzipSync(await readFile(join(folder, 'assets', name)), { level: 9 }).length;
    size.all += bytes;
    if (page.includes(`/console/assets/${name}"`)) size.initial += bytes;
  }
  return size;
}

// Called by wrangler, for each change while it watches the sources, and by `buildSite`.
if (import.meta.main) {
  process.env['NODE_ENV'] = 'production';
  if (process.argv.includes(FRESH) || !(await isBuilt())) await build();
}
