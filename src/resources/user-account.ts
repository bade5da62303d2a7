import { isoTime, isoTimeOrNull } from './clock.ts';
import { nestedUser, type UserFacts } from './user.ts';

/** An organization as other resources nest it. */
export type NestedOrganization = { id: string; name: string };

/** A user's account beside their names. `birthday` is a day, YYYY-MM-DD. */
export type UserProfile = {
  title: string | null;
  phone: string | null;
  gender: string | null;
  birthday: string | null;
};

/**
 * How many chats a user takes at a time (null: no limit), the language that they work in, and what their console keeps: the
 * hub does not look into it.
 */
export type UserPreferences = {
  chat_capacity: number | null;
  ui_language_code: string;
  console: Readonly<Record<string, unknown>>;
};

/** A user with their account. Times in ms. */
export type UserAccount = {
  facts: UserFacts;
  organization: NestedOrganization;
  email: string | null;
  /** By which a telephone system names them. */
  extension: string | null;
  did: string | null;
  profile: UserProfile;
  is_online_enabled: boolean;
  is_present: boolean;
  current_chat_count: number;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

/** The user object: the nested user and more. Bots have no email. */
export function userAccountResource(account: UserAccount) {
  return {
    ...nestedUser(account.facts),
    organization: account.organization,
    alias: account.facts.alias,
    email: account.facts.is_bot ? null : account.email,
    ...account.profile,
    extension: account.extension,
    did: account.did,
    is_manager: false,
    is_online_enabled: account.is_online_enabled,
    is_present: account.is_present,
    is_online: account.is_online_enabled && account.is_present,
    current_chat_count: account.current_chat_count,
    is_deleted: account.deleted_at !== null,
    deleted_at: isoTimeOrNull(account.deleted_at),
    created_at: isoTime(account.created_at),
    updated_at: isoTime(account.updated_at),
  };
}

/** The user object for the operator of the hub: with the email of bots, and the URL of the avatar. */
export function operatorAccountResource(account: UserAccount) {
  const { facts, email } = account;
  return { ...userAccountResource(account), email, avatar_url: facts.avatar?.url ?? null };
}

export type UserAccountResource = ReturnType<typeof userAccountResource>;
