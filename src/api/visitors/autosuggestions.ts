import { z } from '@hono/zod-openapi';
import type { RoomRow } from '../../db/rows.ts';
import { autosuggestionsOf } from '../../directory/autosuggestions.ts';
import { startersIn } from '../../directory/conversation-starters.ts';
import { findUsers, userFacts } from '../../directory/users.ts';
import { type AppContext, identityDatabase, visitorDatabase } from '../../http/app-environment.ts';
import { textField, uuidField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import {
  type AutosuggestionRule,
  languagesOf,
  type OnPage,
  rulesOn,
  starterOf,
} from '../../resources/autosuggestion.ts';
import { publicName, type UserFacts } from '../../resources/user.ts';
import { defineRoute } from '../define-route.ts';
import { roomForVisitor } from '../reach-cache.ts';
import { ROOM_NOT_FOUND, roomPath } from '../shared/paths.ts';
import { inRoom, ROOM } from './paths.ts';
import { offeredAutosuggestionSchema } from './public-schemas.ts';
import { stateOf } from './rooms.ts';
import { pageUrl } from './visitor-details.ts';

const language = textField({ max: 35 });

const getOffer = defineRoute({
  operationId: 'getPublicAutosuggestion',
  ...inRoom,
  method: 'get',
  path: `${ROOM}/autosuggestion` as const,
  summary: 'Get what the room suggests to a visitor on a page',
  description:
    'The conversation starter of a user, by the first rule of the room for a page with this URL, this many seconds and this language, the language of the room if it is left out; null when there is none, or while visitors cannot start chats because the room is closed. A chat is started with it by its `id`.',
  request: {
    params: roomPath,
    query: z.object({
      url: pageUrl,
      seconds: z
        .string()
        .regex(/^\d{1,9}$/, 'A valid integer is required.')
        .transform(Number)
        .default(0)
        .openapi({
          type: 'integer',
          minimum: 0,
          default: 0,
          description: 'How long the visitor has been on the page.',
        }),
      language: language.optional(),
    }),
  },
  answers: { 200: jsonOf(offeredAutosuggestionSchema, 'What is suggested') },
});

/** GET …/rooms/<room_id>/autosuggestion (an extension). */
export const autosuggestionRoutes = createRouter();

autosuggestionRoutes.openapi(getOffer, async (c) => {
  const room = await roomForVisitor(c, c.req.valid('param').room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const offer = await findOffer(c, room, c.req.valid('query'));
  if (offer === null || !(await takesChats(c, room))) return c.json({ autosuggestion: null }, 200);
  const { rule, user, message, language_code } = offer;
  const nested = { id: user.id, public_name: publicName(user), avatar: user.avatar };
  return c.json({ autosuggestion: { id: rule.id, message, language_code, user: nested } }, 200);
});

/** The part of a body by which a visitor starts a chat with what was suggested. `url`: of the page that they are on. */
export const takenAutosuggestion = z.object({
  id: uuidField(),
  url: pageUrl,
  url_title: textField({ max: 1000, blank: true }).nullish(),
  language: language.optional(),
});

/** A suggestion: the rule, whose it is, and the starter. */
export type Offer = { rule: AutosuggestionRule; user: UserFacts; message: string; language_code: string };
type Asked = { url: string; seconds?: number; language?: string | undefined };

/**
 * What a room suggests on a page: by the first rule that applies, or by the one with an id, however long the visitor has
 * been there. Null when there is nothing to suggest.
 */
export async function findOffer(c: AppContext, room: RoomRow, asked: Asked, id?: string): Promise<Offer | null> {
  const page: OnPage = {
    url: asked.url,
    seconds: asked.seconds ?? Number.POSITIVE_INFINITY,
    language: asked.language ?? room.language_code,
  };
  const rules = await autosuggestionsOf(visitorDatabase(c), room.organization_id, room.id);
  const applying = rulesOn(rules, page).filter((rule) => id === undefined || rule.id === id);
  if (applying.length === 0) return null;
  const languages = new Map(applying.map((rule) => [rule, languagesOf(rule, page.language, room.language_code)]));
  const ids = [...new Set(applying.map(({ user_id }) => user_id))];
  const [starters, users] = await Promise.all([
    startersIn(identityDatabase(c), room.organization_id, ids, [...new Set([...languages.values()].flat())]),
    findUsers(identityDatabase(c), room.organization_id, ids),
  ]);
  for (const [rule, codes] of languages) {
    const user = users.find((row) => row.id === rule.user_id);
    const starter = starterOf(rule, starters, codes);
    if (user !== undefined && starter !== null) {
      const { message, language_code } = starter;
      return { rule, user: userFacts(user), message, language_code };
    }
  }
  return null;
}

/** Whether visitors can start chats in a room now. One that is closed takes none by a suggestion. */
async function takesChats(c: AppContext, room: RoomRow): Promise<boolean> {
  const { is_open, is_online } = await stateOf(c, room);
  return is_open && (is_online || room.require_online === 0);
}
