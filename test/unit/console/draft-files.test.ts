import { expect, it } from 'vitest';
import { DraftFiles } from '../../../src/console-app/composer/draft-files.ts';
import { hasExpired, kindOf, sizeOf, type Uploaded } from '../../../src/console-app/words/files.ts';

const HOUR = 3_600_000;

/** Files whose uploads the test ends. */
function open(stored: { text: string | null } = { text: null }, now = { at: 0 }, tab = 'key') {
  const uploads: { file: File; share: (share: number) => void; end: (uploaded: Uploaded) => void }[] = [];
  let keys = 0;
  const files = new DraftFiles({
    upload: (file, share, end) => {
      const upload = { file, share, end };
      uploads.push(upload);
      return () => void uploads.splice(uploads.indexOf(upload), 1);
    },
    read: () => stored.text,
    write: (text) => {
      stored.text = text;
    },
    newKey: () => `${tab}-${++keys}`,
    now: () => now.at,
  });
  const states = () => files.all().map(({ name, state }) => [name, state.is === 'failed' ? state.reason : state.is]);
  return { files, uploads, states, stored, now };
}

const file = (name: string, size = 10) => ({ name, size, type: '' }) as File;

it('files are uploaded at once, and those that are there go with the message and outlive the page', () => {
  const one = open();
  one.files.add([file('a.pdf'), file('b.png')]);
  one.uploads[0]?.share(0.5);
  expect(one.files.all()[0]?.state).toEqual({ is: 'uploading', share: 0.5 });
  one.uploads[0]?.end({ ok: true, fileId: 'id-a' });
  const next = open(one.stored);
  expect(next.states()).toEqual([
    ['a.pdf', 'ready'],
    ['b.png', 'The page was left before it had gone. Add it again.'],
  ]);
  next.files.remove('key-2');
  expect(next.files.take()).toEqual([{ file_id: 'id-a', title: 'a.pdf' }]);
  expect([next.states(), next.stored.text]).toEqual([[], null]);
  next.files.putBack([{ file_id: 'id-a', title: 'a.pdf' }]);
  expect(next.states()).toEqual([['a.pdf', 'ready']]);
});

it.each(['[{"key":"a"', '{}', '7', '[null, {"key":1}, {"key":"a"}]'])(
  'begin with none when what is stored is %s',
  (broken) => {
    expect(open({ text: broken }).states()).toEqual([]);
  },
);

it('two tabs have the same files, whichever adds, removes or sends one', () => {
  const place: { text: string | null } = { text: null };
  const [one, other] = [open(place, { at: 0 }, 'one'), open(place, { at: 0 }, 'other')];
  one.files.add([file('a.pdf')]);
  other.files.follow();
  // What is on its way belongs to its tab.
  expect(other.states()).toEqual([]);
  other.files.add([file('b.pdf')]);
  // Neither has heard of the other when both are there.
  other.uploads[0]?.end({ ok: true, fileId: 'id-b' });
  one.uploads[0]?.end({ ok: true, fileId: 'id-a' });
  other.files.follow();
  const both = [
    ['a.pdf', 'ready'],
    ['b.pdf', 'ready'],
  ];
  expect([one.states(), other.states().toSorted()]).toEqual([both, both]);
  one.files.remove('one-1');
  other.files.follow();
  expect(other.states()).toEqual([['b.pdf', 'ready']]);
  expect(other.files.take()).toEqual([{ file_id: 'id-b', title: 'b.pdf' }]);
  one.files.follow();
  expect([one.states(), one.files.take(), place.text]).toEqual([[], [], null]);
});

it('a file that another tab uploads is still said after a reload of that tab', () => {
  const place: { text: string | null } = { text: null };
  const [one, other] = [open(place, { at: 0 }, 'one'), open(place, { at: 0 }, 'other')];
  one.files.add([file('a.pdf')]);
  other.files.follow();
  other.files.add([file('b.pdf')]);
  expect(
    open(place, { at: 0 }, 'third')
      .states()
      .map(([name]) => name),
  ).toEqual(['b.pdf', 'a.pdf']);
});

it('what the hub has not taken says why and is tried again; what is removed is no longer uploaded', () => {
  const { files, uploads, states } = open();
  files.add([file('a.pdf')]);
  uploads[0]?.end({ ok: false, reason: 'The hub cannot be reached.' });
  expect(states()).toEqual([['a.pdf', 'The hub cannot be reached.']]);
  files.retry('key-1');
  expect([states(), uploads.length]).toEqual([[['a.pdf', 'uploading']], 2]);
  files.remove('key-1');
  expect([states(), uploads.length]).toEqual([[], 1]);
});

it('a file that is too large, empty or one too many is not uploaded', () => {
  const { files, uploads, states } = open();
  files.add([file('large', 26_214_401), file('empty', 0)]);
  expect(states()).toEqual([
    ['large', 'It is larger than 26.2 MB.'],
    ['empty', 'The file is empty.'],
  ]);
  files.add(Array.from({ length: 19 }, (_, place) => file(String(place))));
  expect(uploads.length).toBe(18);
  expect(states().at(-1)).toEqual(['18', 'A message has at most 20 files.']);
});

it('a file that the hub has deleted meanwhile is forgotten', () => {
  const { files, uploads, stored, now } = open();
  files.add([file('a.pdf')]);
  uploads[0]?.end({ ok: true, fileId: 'id-a' });
  now.at = 23 * HOUR;
  expect(open(stored, now).states()).toEqual([]);
});

it('says sizes and kinds in short, and knows when an address has expired', () => {
  expect([812, 48_213, 1_250_000].map(sizeOf)).toEqual(['812 bytes', '48 kB', '1.3 MB']);
  expect(kindOf({ name: 'invoice.pdf', content_type: 'application/pdf' })).toBe('PDF');
  expect(kindOf({ name: 'picture', content_type: 'image/png' })).toBe('PNG');
  expect(kindOf({ name: 'file', content_type: 'application/octet-stream' })).toBe('');
  expect(hasExpired('/files/x?expires=10&signature=y', 9_999)).toBe(false);
  expect(hasExpired('/files/x?expires=10&signature=y', 10_000)).toBe(true);
  expect(hasExpired('/files/x', 10_000)).toBe(false);
});
