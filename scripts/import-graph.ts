import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The imports of a source tree, read from its text. Paths are relative to the tree's folder and use `/`. */
export type ImportGraph = { sources: ReadonlyMap<string, string>; imports: readonly Import[] };

export type Import = { from: string; to: string; isType: boolean };

/** Reads all TypeScript files below a folder, except declarations. */
export function readImportGraph(folder: string): ImportGraph {
  const sources = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
      .sort()
      .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  );
  return { sources, imports: [...sources].flatMap(([path, text]) => importsOf(path, text)) };
}

function importsOf(from: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^'";]*?(?:from\s*)?'(\.[^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\(\s*'(\.[^']+)'\s*\)/g);
  const target = (specifier = '') => normalize(join(dirname(from), specifier));
  return [
    ...Array.from(statements, ([, type, specifier]) => ({ from, to: target(specifier), isType: type !== undefined })),
    ...Array.from(dynamic, ([, specifier]) => ({ from, to: target(specifier), isType: false })),
  ];
}

/** A file's folder; a file at the top counts as a folder of its own. */
export const folderOf = (path: string): string => (dirname(path) === '.' ? path : dirname(path));

/** The imports between places. `name` maps a file to its place. */
export function arrowsBetween(imports: readonly Import[], name: (path: string) => string): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [start, end] = [name(from), name(to)];
    if (start !== end) arrows.set(start, (arrows.get(start) ?? new Set()).add(end));
  }
  return arrows;
}

/** The circles of imports, as text: one for each group of places that import each other. */
export function circlesIn(arrows: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (place: string, way: readonly string[]): void => {
    if (way.includes(place)) found.push([...way.slice(way.indexOf(place)), place].join(' → '));
    if (done.has(place) || way.includes(place)) return;
    for (const next of arrows.get(place) ?? []) walk(next, [...way, place]);
    done.add(place);
  };
  for (const place of arrows.keys()) walk(place, []);
  return found;
}

/**
 * The places by floor: one that imports nothing is on floor 0, any other a floor above the highest that it imports.
 * Needs a graph without circles.
 */
export function floorsOf(places: Iterable<string>, arrows: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const heights = new Map<string, number>();
  const heightOf = (place: string): number => {
    const known = heights.get(place);
    if (known !== undefined) return known;
    const height = Math.max(-1, ...[...(arrows.get(place) ?? [])].map(heightOf)) + 1;
    heights.set(place, height);
    return height;
  };
  const floors: string[][] = [];
  for (const place of [...places].sort()) {
    const height = heightOf(place);
    for (let floor = floors.length; floor <= height; floor++) floors.push([]);
    floors[height]?.push(place);
  }
  return floors;
}
