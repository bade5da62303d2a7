import { describe, expect, it } from 'vitest';
import { postMessageSchema } from '../../../src/api/chats/post-message.ts';
import { fieldErrors } from '../../../src/http/validation-errors.ts';
import { useValidationMessages } from '../../../src/http/validation-messages.ts';

useValidationMessages();

const BUTTON = {
  text: 'Yes',
  type: 'button',
  value: 'yes',
  is_disabled_on_selection: true,
  is_disabled_on_visitor_message: false,
};
const EMPTY = {
  title: null,
  title_link_url: null,
  text: null,
  image_url: null,
  image_link_url: null,
  actions: [],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};
const ID = '0190a000-0000-4000-8000-00000000beef';
const REQUIRED = ['This field is required.'];

function accepted(fields: object) {
  const parsed = postMessageSchema.safeParse({ message: 'Look', ...fields });
  if (!parsed.success) throw new Error(JSON.stringify(parsed.error.issues));
  const { attachments, attachment_template } = parsed.data;
  return { attachments, attachment_template };
}

function refused(fields: object) {
  const payload = { message: 'Look', ...fields };
  const parsed = postMessageSchema.safeParse(payload);
  return parsed.success ? 'accepted' : fieldErrors(parsed.error.issues, payload);
}

const withAction = (change: object) => ({ attachments: [{ text: 'Helpful?', actions: [{ ...BUTTON, ...change }] }] });
const inAction = (errors: object) => ({ attachments: [{ actions: [errors] }] });

describe('attachments of a message', () => {
  it('are generic without a template, each with every key and its defaults', () => {
    expect(accepted({ attachments: [{ text: 'Helpful?', actions: [BUTTON] }, { title: 'Second' }] })).toEqual({
      attachment_template: 'generic',
      attachments: [
        { ...EMPTY, text: 'Helpful?', actions: [{ ...BUTTON, style: 'secondary' }] },
        { ...EMPTY, title: 'Second' },
      ],
    });
  });

  it('have a link target only with a link', () => {
    const title = { title: 'Shop', title_link_url: 'https://shop.example.com/a?b=c#d' };
    const image = { image_url: 'http://images.example.com/a.png', image_link_url: 'https://shop.example.com' };
    expect(
      accepted({ attachments: [title, { ...image, link_target: '_parent' }, { text: 'x', link_target: '_parent' }] }),
    ).toEqual({
      attachment_template: 'generic',
      attachments: [
        { ...EMPTY, ...title, link_target: '_blank' },
        { ...EMPTY, ...image, link_target: '_parent' },
        { ...EMPTY, text: 'x' },
      ],
    });
  });

  it('have link buttons to pages and to anchors', () => {
    const button = (change: object) => accepted(withAction(change)).attachments[0]?.actions[0];
    const link = { type: 'link_button', value: 'https://shop.example.com' };
    expect(button(link)).toEqual({ ...BUTTON, ...link, style: 'secondary', link_target: '_blank' });
    expect(button({ ...link, value: '#contact-us', link_target: '_parent', style: 'brand_primary' })).toEqual({
      ...BUTTON,
      ...link,
      value: '#contact-us',
      style: 'brand_primary',
      link_target: '_parent',
    });
    expect(button({ link_target: '_parent', value: '' })).toEqual({ ...BUTTON, value: '', style: 'secondary' });
  });

  it('keep the fields of their template and drop those of another', () => {
    const all = {
      title: 'T',
      text: 'x',
      title_link_url: 'https://a.example.com',
      image_url: 'https://a.example.com/i.png',
      actions: [BUTTON],
      interaction_id: ID.toUpperCase(),
      attachment_url: 'https://b.example.com',
      parameters: { initial_height: 250, deep: { list: [1, null] } },
    };
    const kept = { ...EMPTY, title: 'T', text: 'x' };
    const { parameters } = all;
    expect(accepted({ attachment_template: 'interaction', attachments: [all] }).attachments).toEqual([
      { ...kept, interaction_id: ID, parameters },
    ]);
    expect(accepted({ attachment_template: 'external', attachments: [all] }).attachments).toEqual([
      { ...kept, attachment_url: 'https://b.example.com', parameters },
    ]);
    expect(accepted({ attachment_template: 'generic', attachments: [all] }).attachments[0]).toMatchObject({
      interaction_id: null,
      attachment_url: null,
      parameters: null,
    });
  });

  it.each([{}, { attachments: null }, { attachments: [] }, { attachments: null, attachment_template: null }])(
    'may be absent: %j',
    (fields) => {
      expect(accepted(fields)).toEqual({ attachments: [], attachment_template: null });
    },
  );

  it.each<[string, object, object]>([
    ['a template without attachments', { attachment_template: 'generic' }, { attachments: REQUIRED }],
    ['an empty list with a template', { attachment_template: 'external', attachments: [] }, { attachments: REQUIRED }],
    [
      'an unknown template',
      { attachment_template: 'carousel', attachments: [{ text: 'x' }] },
      { attachment_template: ['"carousel" is not a valid choice.'] },
    ],
    [
      'a value that is not a list',
      { attachments: {} },
      { attachments: ['Expected a list of items but got type "dict".'] },
    ],
    [
      'a list of texts',
      { attachments: [{ text: 'x' }, 'y'] },
      { attachments: [{}, { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }] },
    ],
    [
      'a generic attachment with nothing to show',
      { attachments: [{ text: 'x' }, { title: ' ', actions: [], title_link_url: 'https://a.example.com' }] },
      {
        attachments: [{}, { non_field_errors: ['At least one of title, text, image_url and actions is required.'] }],
      },
    ],
    [
      'an interaction without its id',
      { attachment_template: 'interaction', attachments: [{ text: 'x' }] },
      { attachments: [{ interaction_id: REQUIRED }] },
    ],
    [
      'an invalid id',
      { attachment_template: 'interaction', attachments: [{ interaction_id: 'x' }] },
      { attachments: [{ interaction_id: ['Must be a valid UUID.'] }] },
    ],
    [
      'an external page without its URL',
      { attachment_template: 'external', attachments: [{ text: 'x' }] },
      { attachments: [{ attachment_url: REQUIRED }] },
    ],
    [
      'two interactions',
      { attachment_template: 'interaction', attachments: [{ interaction_id: ID }, { interaction_id: ID }] },
      { attachments: ['Ensure this field has no more than 1 elements.'] },
    ],
    [
      'a URL that is not a web page',
      {
        attachments: [
          { image_url: 'javascript:alert(1)', title_link_url: 'ftp://a.example.com', image_link_url: 'http://' },
        ],
      },
      {
        attachments: [
          {
            image_url: ['Enter a valid URL.'],
            title_link_url: ['Enter a valid URL.'],
            image_link_url: ['Enter a valid URL.'],
          },
        ],
      },
    ],
    [
      'a URL that is too long',
      { attachments: [{ image_url: `https://a.example.com/${'x'.repeat(2048)}` }] },
      { attachments: [{ image_url: ['Ensure this field has no more than 2048 characters.'] }] },
    ],
    [
      'a link button to nowhere',
      withAction({ type: 'link_button', value: 'contact' }),
      inAction({ value: ['Enter a valid URL or an anchor such as #contact.'] }),
    ],
    [
      'a link button to a bare #',
      withAction({ type: 'link_button', value: '#' }),
      inAction({ value: ['Enter a valid URL or an anchor such as #contact.'] }),
    ],
    ['an unknown kind of action', withAction({ type: 'menu' }), inAction({ type: ['"menu" is not a valid choice.'] })],
    ['an unknown style', withAction({ style: 'pink' }), inAction({ style: ['"pink" is not a valid choice.'] })],
    [
      'an unknown link target',
      withAction({ link_target: '_top' }),
      inAction({ link_target: ['"_top" is not a valid choice.'] }),
    ],
    [
      'an action without required fields',
      { attachments: [{ actions: [{}] }] },
      inAction({
        text: REQUIRED,
        type: REQUIRED,
        value: REQUIRED,
        is_disabled_on_selection: REQUIRED,
        is_disabled_on_visitor_message: REQUIRED,
      }),
    ],
    [
      'parameters that are not an object',
      { attachments: [{ text: 'x', parameters: [1] }] },
      { attachments: [{ parameters: ['Expected a dictionary of items but got type "list".'] }] },
    ],
    [
      'a parameter that cannot be stored',
      { attachments: JSON.parse('[{"text":"x","parameters":{"__proto__":1}}]') },
      JSON.parse('{"attachments":[{"parameters":{"__proto__":["This name is reserved."]}}]}'),
    ],
    [
      'more than 200,000 bytes',
      { attachments: [{ text: 'x', parameters: { a: 'é'.repeat(100_000) } }] },
      { attachments: ['Ensure this field has no more than 200000 bytes of JSON.'] },
    ],
    [
      'attachments that exceed 200,000 bytes with their defaults and ids',
      { attachments: Array.from({ length: 1000 }, () => ({ text: 'x' })) },
      { attachments: ['Ensure this field has no more than 200000 bytes of JSON.'] },
    ],
    [
      'parameters that are nested deeper than the stack',
      { attachments: [{ text: 'x', parameters: { a: JSON.parse('['.repeat(90_000) + ']'.repeat(90_000)) } }] },
      { attachments: ['Ensure this field has no more than 32 levels.'] },
    ],
  ])('refuse %s', (_, fields, errors) => {
    expect(refused(fields)).toEqual(errors);
  });

  it('are validated one by one only if they are small enough', () => {
    const errors = refused({ attachments: Array.from({ length: 200_000 }, () => 1) });
    expect(errors).toEqual({ attachments: ['Ensure this field has no more than 200000 bytes of JSON.'] });
  });

  it('are measured with the ids that the thread adds', () => {
    const attachments = Array.from({ length: 700 }, () => ({ text: 'x' }));
    const kept = accepted({ attachments }).attachments.map((attachment) => ({ id: ID, ...attachment }));
    expect(JSON.stringify(kept).length).toBeLessThanOrEqual(200_000);
    expect(kept).toHaveLength(700);
  });
});
