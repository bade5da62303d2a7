import { describe, expect, it } from 'vitest';
import { sentenceOf } from '../../../src/console-app/settings/routers/router-sentence.ts';
import { withoutDirectionMarks } from '../../../src/console-app/words/names.ts';

describe('a name with direction marks', () => {
  it('has none of them in a text of the console, and all else of it', () => {
    const marks = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'];
    expect(withoutDirectionMarks(`Delete “${marks.join('E')}ve”?`)).toBe(`Delete “${'E'.repeat(8)}ve”?`);
    expect(withoutDirectionMarks('شركة‏ ‎🧑‍💻')).toBe('شركة‏ ‎🧑‍💻');
  });

  it('leaves the sentence of a router as it is', () => {
    const router = { room_ids: ['r'], targets: [{ kind: 'all' as const, id: null, include_bots: false }] };
    expect(sentenceOf(router, () => '\u202eReturns')).toBe('Chats in Returns go to all people.');
  });
});
