import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCommandLine } from './command-line.ts';
import { arrowsBetween, circlesIn, floorsOf, folderOf, readImportGraph } from './import-graph.ts';
import { projectRoot } from './project.ts';

const { in: folder } = readCommandLine({
  run: 'npm run graph',
  does: 'Prints the folders of src by floor, the imports of each, and counts of the tree.',
  options: { in: { takes: 'DIR', says: 'another checkout of the project' } },
});

if (folder !== undefined && !existsSync(join(folder, 'src'))) {
  console.error(`--in takes a checkout of the project; ${folder} has no src.`);
  process.exit(2);
}
const { sources, imports } = readImportGraph(join(folder ?? projectRoot, 'src'));
const arrows = arrowsBetween(imports, folderOf);
const circles = [...circlesIn(arrowsBetween(imports, (path) => path)), ...circlesIn(arrows)];
const linesOf = (text: string) => text.split('\n').length - 1;

if (circles.length === 0) {
  const folders = Map.groupBy(sources.keys(), folderOf);
  for (const [floor, places] of [...floorsOf(folders.keys(), arrows).entries()].reverse()) {
    console.log(`floor ${floor}`);
    for (const place of places) {
      const files = folders.get(place) ?? [];
      const lines = files.reduce((sum, path) => sum + linesOf(sources.get(path) ?? ''), 0);
      const below = [...(arrows.get(place) ?? [])].sort();
      const size = `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${lines} lines`;
      console.log(`  ${place} (${size})${below.length === 0 ? '' : ` → ${below.join(', ')}`}`);
    }
  }
}

const lengths = [...sources.values()].map(linesOf);
console.log(
  [
    `${sources.size} files`,
    `${lengths.reduce((sum, lines) => sum + lines, 0)} lines`,
    `${lengths.filter((lines) => lines <= 30).length} files of 30 lines or less`,
    `${[...arrows.values()].reduce((sum, ends) => sum + ends.size, 0)} arrows between folders`,
    `${circles.length} circles`,
  ].join(', '),
);
for (const circle of circles) console.log(`  ${circle}`);
