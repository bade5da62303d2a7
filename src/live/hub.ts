import { DurableObject } from 'cloudflare:workers';
import type { LiveHubStub } from '../stubs.ts';
import type { Fed } from './feed.ts';

/** The live hub of an organization's users, or of a visitor. */
export class LiveHub extends DurableObject<Env> implements LiveHubStub {
  async feed(): Promise<Fed> {
    return { ok: true };
  }

  async mention(): Promise<void> {}

  override async fetch(): Promise<Response> {
    return new Response(null, { status: 501 });
  }
}
