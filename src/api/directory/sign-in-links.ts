import { z } from '@hono/zod-openapi';
import {
  INVITATION_LASTS,
  putSignInLink,
  SIGN_IN_LINK_LASTS,
  signInCodeDigest,
} from '../../directory/sign-in-links.ts';
import { newToken, SCOPES } from '../../directory/tokens.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { publicOrigin } from '../../http/collection.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { defineRoute } from '../define-route.ts';
import { USER_NOT_FOUND, userPath } from '../shared/paths.ts';
import type { Door } from './door.ts';

const newLinkBody = z
  .object({
    scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).default([]),
    invitation: z.boolean().default(false).openapi({
      description: '`true`: the link works for 24 hours, else for 15 minutes.',
    }),
  })
  .openapi('NewSignInLink');

const linkSchema = z
  .object({
    url: z.string().openapi({
      format: 'uri',
      description: 'The sign-in page of the console with a code that works once. Only this answer shows it.',
    }),
    expires_at: isoTimeSchema,
  })
  .openapi('SignInLink');

/** Links with which users sign in to the console. */
export function signInLinkRoutesOf(door: Door): AppRouter {
  const routes = createRouter();

  const createLink = defineRoute({
    operationId: door.nameOf('createSignInLink'),
    tag: door.tagOf('Users'),
    access: door.credentials,
    method: 'post',
    path: `${door.organization}/users/{user_id}/sign_in_links`,
    summary: 'Make a link with which a user signs in to the console',
    description:
      'It begins one session with the given scopes, and then works no more. A new link takes the place of the user’s earlier one. Tenants can give only scopes that their own token has: others are 403. Whoever has the link becomes the user, so send it to them alone.',
    request: { params: userPath, body: bodyOf(newLinkBody) },
    answers: { 201: jsonOf(linkSchema, 'Made') },
  });
  routes.openapi(createLink, async (c) => {
    const { user_id } = c.req.valid('param');
    const { invitation, ...body } = c.req.valid('json');
    const scopes = [...new Set(body.scopes)];
    const lacking = door.lackingScope(c, scopes);
    if (lacking !== undefined) return refuse(c, { reason: 'scope_missing', scope: lacking });
    const now = Date.now();
    const expires_at = now + (invitation ? INVITATION_LASTS : SIGN_IN_LINK_LASTS);
    const code = newToken();
    nameTarget(c, { type: 'user', id: user_id, details: { scopes } });
    const isMade = await putSignInLink(identityDatabase(c), c.var.organization.id, {
      user_id,
      digest: signInCodeDigest(code),
      scopes,
      expires_at,
      created_at: now,
    });
    if (!isMade) return refuse(c, USER_NOT_FOUND);
    // The code is in the fragment, which browsers send to nobody: no log has it, and no scanner of mail uses it up.
    return c.json({ url: `${publicOrigin(c)}/console/sign-in#code=${code}`, expires_at: isoTime(expires_at) }, 201);
  });

  return routes;
}
