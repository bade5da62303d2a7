/** A visitor's answer that chooses a file by a URL that it was shown with. */
import { beforeAll, describe, expect, it } from 'vitest';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask, type Json, resultsOf, TestOrganization } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { type Answer, call, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, PNG, stored } from '../../support/worker/uploads.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let site: Site;
let visitor: Visitor;
let chatId: string;
/** Paths of the chat's messages: the agent's and the visitor's. */
let paths: { agent: string; visitor: string };

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
  visitor = await site.visitor();
  chatId = await site.chat(visitor);
  await site.answerBy(org.agent, chatId, null);
  paths = {
    agent: `/users/${org.agent.user_id}/chats/${chatId}/messages`,
    visitor: `/visitors/${visitor.id}/chats/${chatId}/messages`,
  };
});

/** A message of the agent with a file; answers its id and its attachment, as the visitor sees them. */
async function offer(bytes: Uint8Array, name: string): Promise<{ id: string; attachment: Json }> {
  const file = await stored(org.agent, bytes, name);
  const sent = await ask(org.agent, 'POST', paths.agent, { attachments: [{ file_id: file['id'] }] });
  const shown = await visit(visitor.token, 'GET', `${paths.visitor}/${sent.json['id']}`);
  const [attachment = {}] = shown.json['attachments'] as Json[];
  return { id: String(sent.json['id']), attachment };
}

function choose({ id, attachment }: { id: string; attachment: Json }, response_value: unknown): Promise<Answer> {
  const response = { response_to_message_id: id, response_to_attachment_id: attachment['id'], response_value };
  return visit(visitor.token, 'POST', paths.visitor, { type: 'action', ...response });
}

/** The same URL with another end: what a page has that was open for long. */
function expired(url: unknown): string {
  const changed = new URL(String(url));
  changed.searchParams.set('expires', '1000000000');
  return changed.href;
}

async function bytesAt(url: unknown): Promise<string> {
  const { status, text } = await call(String(url).replace(/^\//, 'https://hub.example/'));
  expect(status).toBe(200);
  return text;
}

describe('a visitor’s answer', () => {
  it('chooses a file by the URL of its title or its image, and everybody is shown a URL that works', async () => {
    const image = await offer(PNG, 'cat.png');
    const live = await LiveClient.ofUser(org.agent);
    await live.subscribe([`/api/v5${paths.agent}`]);
    for (const [key, disposition] of [
      ['title_link_url', 'attachment'],
      ['image_url', 'inline'],
    ] as const) {
      const answer = await choose(image, expired(image.attachment[key]));
      expect([answer.status, answer.json['type'], answer.json['message']]).toEqual([201, 'action', 'cat.png']);
      const { id } = answer.json;
      let resource: Json = {};
      while (resource['id'] !== id) {
        const told = await live.next('notifications');
        [{ resource }] = told['notifications'] as [{ resource: Json }];
      }
      const shown = [
        answer.json,
        (await ask(org.agent, 'GET', `${paths.agent}/${id}`)).json,
        resultsOf(await visit(visitor.token, 'GET', paths.visitor)).at(-1) ?? {},
        resource,
      ];
      for (const message of shown) {
        expect(message['id']).toBe(id);
        expect(message['response_value']).toContain(`disposition=${disposition}&`);
        expect(await bytesAt(message['response_value'])).toBe(await bytesAt(image.attachment[key]));
      }
    }
    live.close();
  });

  it('is stored without the URL', async () => {
    const text = await offer(bytesOf('an invoice'), 'invoice.txt');
    const { json } = await choose(text, text.attachment['title_link_url']);
    const row = await eventually(async () => {
      await writeCollected(testEnv);
      const found = await organizationD1
        .prepare(`SELECT facts FROM messages WHERE facts ->> '$.id' = ?`)
        .bind(json['id'])
        .first<{ facts: string }>();
      expect(found).not.toBeNull();
      return found;
    });
    expect(JSON.parse(row?.facts ?? '{}')).toMatchObject({ response_to: { value: 'file:attachment' } });
    expect(row?.facts).not.toContain('signature');
  });

  it('is refused for any other URL: of another file, also of their own, of no image, of another place', async () => {
    const text = await offer(bytesOf('an invoice'), 'invoice.txt');
    const other = await offer(bytesOf('another one'), 'other.txt');
    const own = await stored(visitor, bytesOf('mine'), 'mine.txt');
    const url = String(text.attachment['title_link_url']);
    const wrong = [
      other.attachment['title_link_url'],
      own['url'],
      url.replace('disposition=attachment', 'disposition=inline'),
      url.replace('disposition=attachment', 'disposition=all'),
      url.replace('/files/', '/other/'),
      'https://elsewhere.example/',
      'file:attachment',
      '',
    ];
    for (const value of wrong) {
      const answer = await choose(text, value);
      const refused = { response_value: ['This is not a link of the attachment.'] };
      expect([value, answer.status, answer.json]).toEqual([value, 400, refused]);
    }
  });
});
