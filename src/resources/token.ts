import { isoTime, isoTimeOrNull } from './clock.ts';

/** A token of a user, without itself. Times in ms. */
export type TokenFacts<Scope extends string> = {
  id: string;
  user_id: string;
  organization_id: string;
  label: string;
  scopes: Scope[];
  is_session: boolean;
  expires_at: number | null;
  revoked_at: number | null;
  created_at: number;
};

/** The token as lists show it. It never shows the secret. */
export function tokenResource<Scope extends string>(token: TokenFacts<Scope>) {
  return {
    id: token.id,
    user_id: token.user_id,
    organization_id: token.organization_id,
    label: token.label,
    scopes: token.scopes,
    is_session: token.is_session,
    expires_at: isoTimeOrNull(token.expires_at),
    revoked_at: isoTimeOrNull(token.revoked_at),
    created_at: isoTime(token.created_at),
  };
}
