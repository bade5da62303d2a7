import { appUserToken, type ScopedAppUser } from '../directory/app-tokens.ts';
import { type SigningKeys, TOKEN_SECONDS } from '../directory/token-keys.ts';
import type { Attempt } from '../rpc/lane.ts';

/**
 * The authorization with which the receiver of an app's webhook acts as the app's bot user. Never stored and never
 * logged.
 */
export type AppUserAuth = {
  access_token: string;
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  user_id: string;
  organization_id: string;
};

/** Makes a token for one attempt, at `now` (ms). */
export async function makeAppUserAuth(signing: SigningKeys, appUser: ScopedAppUser, now: number): Promise<AppUserAuth> {
  const { user_id, organization_id } = appUser;
  const access_token = await appUserToken(signing, appUser, now);
  return { access_token, token_type: 'Bearer', expires_in: TOKEN_SECONDS.user, user_id, organization_id };
}

/** The frozen body of an app's webhook with the authorization of one attempt. Both are JSON text. */
export function withAppUserAuth(body: string, app_user_auth: AppUserAuth): string {
  const { seq, prev_seq, ...envelope } = JSON.parse(body) as { seq?: number; prev_seq?: number | null };
  return JSON.stringify({ ...envelope, app_user_auth, seq, prev_seq });
}

/** An attempt without the token, for the log: a receiver may answer with what it got. */
export function withoutToken(attempt: Attempt, { access_token }: AppUserAuth): Attempt {
  if (attempt.response === null) return attempt;
  const unsigned = access_token.slice(0, access_token.lastIndexOf('.'));
  const token = new RegExp(`${unsigned.replaceAll('.', '\\.')}(\\.[\\w-]*)?`, 'g');
  return { ...attempt, response: attempt.response.replace(token, '(access token)') };
}
