-- The whole Chats API: presence, teams, routers, shared rooms, tags, invitations, and the indexes of the lists across chats.

ALTER TABLE organizations ADD COLUMN profile TEXT NOT NULL DEFAULT '{}'; -- JSON: email, phone, street, postal_code, city, country, business_id

ALTER TABLE users ADD COLUMN profile TEXT NOT NULL DEFAULT '{}'; -- JSON: title, phone, gender, birthday
ALTER TABLE users ADD COLUMN preferences TEXT NOT NULL DEFAULT '{}'; -- JSON: chat_capacity, ui_language_code
ALTER TABLE users ADD COLUMN is_online_enabled INTEGER NOT NULL DEFAULT 1;
-- Copied from the user's object: until when the user is present, and the number of their open chats.
ALTER TABLE users ADD COLUMN present_until INTEGER;
ALTER TABLE users ADD COLUMN current_chat_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN presence_version INTEGER NOT NULL DEFAULT 0; -- grows with each copy, so that a late one changes nothing
CREATE INDEX users_by_created_at ON users (organization_id, created_at, id);
ALTER TABLE users ADD COLUMN email_order TEXT GENERATED ALWAYS AS (coalesce(email, '')) VIRTUAL; -- pages by email need a value
CREATE INDEX users_by_email ON users (organization_id, email_order, id);
CREATE INDEX users_present ON users (organization_id, present_until) WHERE present_until IS NOT NULL;

-- Options of a room. Seconds; null: never.
ALTER TABLE rooms ADD COLUMN visitor_chat_idle_ttl INTEGER DEFAULT 3600;
ALTER TABLE rooms ADD COLUMN task_chat_ttl INTEGER DEFAULT 86400;
ALTER TABLE rooms ADD COLUMN require_online INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN is_open INTEGER NOT NULL DEFAULT 1;
ALTER TABLE rooms ADD COLUMN domain TEXT;
ALTER TABLE rooms ADD COLUMN updated_by_user_id TEXT;

-- A room that its owner shares with a partner organization of the same database.
CREATE TABLE room_shares (
  room_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- the partner
  created_at INTEGER NOT NULL,
  PRIMARY KEY (room_id, organization_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_shares_by_partner ON room_shares (organization_id, room_id);

-- Teams, their members and shares are in the first database, with the users. Rooms and routers are in their organization's.
CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  created_by_user_id TEXT,
  updated_by_user_id TEXT,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX teams_by_created_at ON teams (organization_id, created_at, id);

CREATE TABLE team_members (
  team_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_members_by_user ON team_members (user_id, team_id);

CREATE TABLE team_shares (
  team_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- the partner
  created_at INTEGER NOT NULL,
  PRIMARY KEY (team_id, organization_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_shares_by_partner ON team_shares (organization_id, team_id);

-- Routers: ordered targets, each of them all users of the organization, a user, a team or a partner organization.
CREATE TABLE routers (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX routers_by_organization ON routers (organization_id, id);

CREATE TABLE router_targets (
  router_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('all', 'user', 'team', 'organization')),
  target_id TEXT, -- null for all
  PRIMARY KEY (router_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX router_targets_by_target ON router_targets (target_id, router_id) WHERE target_id IS NOT NULL;

-- The routers of a room. A room without one reaches all users of its organization.
CREATE TABLE room_routers (
  room_id TEXT NOT NULL,
  router_id TEXT NOT NULL,
  PRIMARY KEY (room_id, router_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_routers_by_router ON room_routers (router_id, room_id);

CREATE TABLE allowed_tags (
  room_id TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (room_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_starters (
  user_id TEXT NOT NULL,
  language_code TEXT NOT NULL COLLATE NOCASE, -- one starter a language, however its code is written
  organization_id TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, language_code)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_starters_by_created_at ON conversation_starters (user_id, created_at, language_code);

-- The copy of the threads' logs.

-- The full hour (ms) after which a chat that is still open is overdue; null for one that never ends by itself. Whole hours, because
-- it is indexed and a chat's end moves with each of its messages.
ALTER TABLE chats ADD COLUMN overdue_after INTEGER;
CREATE INDEX chats_overdue ON chats (overdue_after, thread) WHERE is_ended = 0 AND overdue_after IS NOT NULL;

-- Chats without a room are in no organization's lists. No index has a column that a plain message changes.
DROP INDEX chats_by_organization;
CREATE INDEX chats_of_organization ON chats (organization_id, id) WHERE room_id IS NOT NULL;
CREATE INDEX chats_open_of_organization ON chats (organization_id, id) WHERE room_id IS NOT NULL AND is_ended = 0;
CREATE INDEX chats_pending_of_organization ON chats (organization_id, id) WHERE room_id IS NOT NULL AND is_pending = 1;
CREATE INDEX chats_open_by_room ON chats (room_id, id) WHERE room_id IS NOT NULL AND is_ended = 0;
CREATE INDEX chats_by_visitor ON chats (visitor_id, id) WHERE visitor_id IS NOT NULL;

-- What lists of a member's chats filter by. `is_ended` follows the chat's end.
ALTER TABLE members ADD COLUMN is_participating INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN is_ended INTEGER NOT NULL DEFAULT 0;
-- Existing rows. Rows that the earlier version writes during the rollout are corrected by their thread or by a rebuild.
UPDATE members SET
  is_participating = coalesce(facts ->> '$.is_participating', 0),
  is_ended = coalesce((SELECT chats.is_ended FROM chats WHERE chats.id = members.chat_id), 0);
CREATE INDEX members_participating ON members (member_id, chat_id) WHERE is_participating = 1;
CREATE INDEX members_open ON members (member_id, chat_id) WHERE is_ended = 0;

-- Which organizations have a member in a chat: one row, however many members. `seq` is the chat's first, then that of its end.
CREATE TABLE involvements (
  organization_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  is_ended INTEGER NOT NULL,
  PRIMARY KEY (organization_id, chat_id)
) STRICT, WITHOUT ROWID;
INSERT INTO involvements (organization_id, chat_id, seq, is_ended)
SELECT facts ->> '$.organization_id', chat_id, min(seq), max(is_ended) FROM members
WHERE facts ->> '$.organization_id' IS NOT NULL GROUP BY 1, 2;
CREATE INDEX involvements_open ON involvements (organization_id, chat_id) WHERE is_ended = 0;
CREATE INDEX involvements_by_chat ON involvements (chat_id); -- a rebuild deletes by it

CREATE TABLE tags (
  chat_id TEXT NOT NULL,
  name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (chat_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
  chat_id TEXT NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  invitee_id TEXT NOT NULL, -- of a user, a team or an organization
  facts TEXT NOT NULL,
  PRIMARY KEY (chat_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_by_id ON invitations (id);
CREATE INDEX invitations_by_invitee ON invitations (invitee_id, id);

-- The last rebuild of each thread's rows: a number that grows, and how far it has come. Not part of the copy.
CREATE TABLE rebuilds (
  thread TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
