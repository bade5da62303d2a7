-- The copy of the threads' logs converges: each row is a whole image with its own `seq`, and the highest one wins, in whatever
-- order rows arrive. Changed tables are created again, empty: `npm run rebuild` fills them from the logs.

-- How many days back the list of the organization's messages goes; null: no limit. The threads' logs keep all of them.
ALTER TABLE organizations ADD COLUMN message_list_days INTEGER;
CREATE INDEX organizations_forgetting ON organizations (database, id) WHERE message_list_days IS NOT NULL;

-- Messages of chats in rooms, for the organization's list. `place` is the message's id with its created_at as its time: another one
-- than the id only for imported messages. One row is written for a message: the key is the way in, and there is no other index.
DROP TABLE messages;
CREATE TABLE messages (
  organization_id TEXT NOT NULL, -- of the room
  place TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  seq INTEGER NOT NULL, -- of the event that touched the message last
  sender_type TEXT NOT NULL,
  type TEXT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (organization_id, place)
) STRICT, WITHOUT ROWID;

-- A removed tag stays as a row without facts, so that an older row that arrives late does not restore it.
DROP TABLE tags;
CREATE TABLE tags (
  chat_id TEXT NOT NULL,
  name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  facts TEXT,
  PRIMARY KEY (chat_id, name)
) STRICT, WITHOUT ROWID;

-- It was never read: suggestions are read from their thread.
DROP TABLE reply_suggestions;

-- A rebuild needs to know only that it has deleted the thread's rows.
ALTER TABLE rebuilds DROP COLUMN seq;

-- The log of deliveries, in the database of the binding DELIVERY_LOG: every query names the receiver, so the key begins with it.
DROP TABLE deliveries;
CREATE TABLE deliveries (
  receiver TEXT NOT NULL,
  id TEXT NOT NULL, -- a UUID version 7: its order is the order of acceptance
  version INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  thread TEXT NOT NULL,
  thread_id TEXT,
  chat_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  webhook_id TEXT, -- of an app: the subscription that made it, the path of the collection, what it is about
  channel TEXT,
  resource_id TEXT,
  status TEXT NOT NULL, -- pending, delivered, exhausted, skipped
  skip_reason TEXT,
  is_replay INTEGER NOT NULL,
  attempt_count INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  last_attempt_at INTEGER,
  last_status INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (receiver, id)
) STRICT, WITHOUT ROWID;
-- A delivered one, as nearly all are, is in neither.
CREATE INDEX deliveries_undelivered ON deliveries (receiver, status, id) WHERE status <> 'delivered';
CREATE INDEX deliveries_pending ON deliveries (due_at) WHERE status = 'pending';
