import { readFileSync } from 'node:fs';

/** The cells of a table's rows, as written, below the heading that is given. */
export function tableRows(path: string, heading: string): string[][] {
  const section = readFileSync(path, 'utf8').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  const cells = lines.map((line) =>
    line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
  return cells.filter(([first = ''], place) => !first.startsWith('---') && !cells[place + 1]?.[0]?.startsWith('---'));
}

/** The number in a cell: `5,000,000 bytes` is 5000000. */
export function numbersIn(text: string): number[] {
  return Array.from(text.matchAll(/\d[\d,]*/g), ([digits]) => Number(digits.replaceAll(',', '')));
}
