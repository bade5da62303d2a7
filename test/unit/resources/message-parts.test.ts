import { describe, expect, test } from 'vitest';
import type { Attachment } from '../../../src/resources/attachment.ts';
import { partsOf } from '../../../src/resources/message-parts.ts';

const NONE: Attachment = {
  id: 'a',
  title: 'A card',
  title_link_url: null,
  text: null,
  image_url: null,
  image_link_url: null,
  actions: [],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};
const file = (id: string) => ({ id, name: `${id}.pdf`, content_type: 'application/pdf', size: 1, sha256: 'f' });
const ofFile = (id: string): Attachment => ({ ...NONE, file: file(id) });
const link = (url: string): Attachment => ({ ...NONE, title_link_url: url });

describe('the parts of a message', () => {
  test('are its text, its files, and the links of other attachments', () => {
    const attachments = [link('https://a.example/1'), ofFile('x'), { ...NONE, image_url: 'https://a.example/2' }, NONE];
    expect(partsOf({ message: 'Here', attachments })).toEqual([
      { kind: 'text', text: 'Here' },
      { kind: 'file', file: file('x') },
      { kind: 'link', url: 'https://a.example/1' },
      { kind: 'link', url: 'https://a.example/2' },
    ]);
  });

  test('have no text when there is none, and one when there is nothing else', () => {
    expect(partsOf({ message: '', attachments: [ofFile('x'), ofFile('y')] }).map(({ kind }) => kind)).toEqual([
      'file',
      'file',
    ]);
    expect(partsOf({ message: null, attachments: [] })).toEqual([{ kind: 'text', text: '' }]);
  });

  test('are at most 32: the other links are one text', () => {
    const urls = Array.from({ length: 40 }, (_, at) => `https://a.example/${at}`);
    const files = Array.from({ length: 20 }, (_, at) => ofFile(`f${at}`));
    const parts = partsOf({ message: 'Here', attachments: [...urls.map(link), ...files] });
    expect(parts).toHaveLength(32);
    expect(parts.filter(({ kind }) => kind === 'file')).toHaveLength(20);
    expect(parts.at(-1)).toEqual({ kind: 'text', text: urls.slice(10).join('\n') });
    const exactly = partsOf({ message: '', attachments: urls.slice(0, 32).map(link) });
    expect(exactly.map(({ kind }) => kind)).toEqual(Array.from({ length: 32 }, () => 'link'));
  });
});
