/** Avatar image of a user, as members and messages show it. */
export type Avatar = { id: string; url: string };

/** The facts of a user that a thread records when they act: every value that a later reader needs. */
export type UserFacts = {
  id: string;
  first_name: string;
  last_name: string;
  organization_id: string;
  /** The name that visitors see; null: the full name. */
  alias: string | null;
  avatar: Avatar | null;
  is_bot: boolean;
  is_staff: boolean;
};

/** The nested user object (UMI documentation, 3.2): always nine keys. */
export type NestedUser = {
  id: string;
  first_name: string;
  last_name: string;
  full_name: string;
  organization_id: string;
  avatar_id: string | null;
  avatar: Avatar | null;
  is_bot: boolean;
  is_staff: boolean;
};

/** First and last name; one of them may be empty. */
export function fullName(user: Pick<UserFacts, 'first_name' | 'last_name'>): string {
  return [user.first_name, user.last_name].filter((part) => part !== '').join(' ');
}

/** The name that visitors see: the alias, else the full name (Chats API, Chat memberships). */
export function publicName(user: UserFacts): string {
  return user.alias ?? fullName(user);
}

/** The nested user object of a user. */
export function nestedUser(user: UserFacts): NestedUser {
  return {
    id: user.id,
    first_name: user.first_name,
    last_name: user.last_name,
    full_name: fullName(user),
    organization_id: user.organization_id,
    avatar_id: user.avatar?.id ?? null,
    avatar: user.avatar,
    is_bot: user.is_bot,
    is_staff: user.is_staff,
  };
}
