/**
 * Builds the static files of the hub into `dist/site`: `public/`, the library of the reference page, and the console.
 * wrangler calls this before each build (wrangler.toml), so every way to run or deploy the Worker has them.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { projectPath } from './project.ts';
import { sourcesDigest } from './sources-digest.ts';

/** The folder that wrangler.toml names. Assets are served from it, and each build replaces it whole. */
const SITE = projectPath('dist/site');

/** Says which sources a site was built from. It is not deployed. */
const DIGEST = '.digest';

const SOURCES = ['package-lock.json', 'scripts/site-build.ts', 'scripts/vite-options.ts', 'public', 'src/console-app'];

/** Builds the site when its sources have changed, or when `fresh` is set. Throws with Vite's message when it fails. */
export async function buildSite(fresh = false): Promise<void> {
  const digest = await sourcesDigest(SOURCES);
  if (!fresh && (await builtDigest()) === digest) return;
  await mkdir(projectPath('dist'), { recursive: true });
  const workshop = await mkdtemp(projectPath('dist/site-building-'));
  try {
    await cp(projectPath('public'), workshop, { recursive: true });
    const library = projectPath('node_modules/@scalar/api-reference/dist/browser/standalone.js');
    await cp(library, join(workshop, 'reference/scalar.js'));
    await buildConsole(join(workshop, 'console'));
    await writeFile(join(workshop, DIGEST), digest);
    await writeFile(join(workshop, '.assetsignore'), `${DIGEST}\n`);
    await replaceSite(workshop, digest);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function buildConsole(outDir: string): Promise<void> {
  // Loaded here, since a start that finds the site built does without.
  const { build } = await import('vite');
  const { consoleOptions } = await import('./vite-options.ts');
  await build({ ...consoleOptions, build: { ...consoleOptions.build, outDir } });
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

if (import.meta.main) await buildSite();
