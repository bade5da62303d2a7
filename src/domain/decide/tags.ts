import type { AddTag, RemoveTag, TagAdded, TagRemoved } from '../commands.ts';
import { userAsSender } from '../members.ts';
import { isKeyForgotten, type ThreadState } from '../state.ts';
import { chatRef, findChat } from './find-chat.ts';
import { addMessage } from './messages.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/** The tags of a chat are read as one list, so their number is limited. */
const TAGS_OF_A_CHAT = 1000;

/**
 * Adds a tag to a chat, open or ended (Chats API, Add a tag to a chat), with the message `tag_created`. The message
 * comes first: a command's last event holds its answer.
 */
export function addTag(state: ThreadState, command: AddTag, context: Context): Decision<TagAdded> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const { chat } = found;
  const ref = chatRef(chat);
  if (state.answered?.type === 'tag_added')
    return unchanged(state, { tag: state.answered.tag, chat: ref, is_new: true });
  const present = chat.tags.get(command.name);
  if (present !== undefined) return unchanged(state, { tag: present.facts, chat: ref, is_new: false });
  if (chat.facts.purged_at !== undefined) return refuse({ reason: 'chat_purged' });
  if (isKeyForgotten(chat)) return refuse({ reason: 'chat_key_forgotten' });
  if (chat.tags.size >= TAGS_OF_A_CHAT) return refuse({ reason: 'too_many_tags' });

  const recorder = new EventRecorder(state, context);
  addMessage(recorder, command.chat_id, userAsSender(command.actor), { type: 'tag_created', message: command.name });
  const tag = { name: command.name, created_at: context.now };
  recorder.emit(command.chat_id, { type: 'tag_added', tag });
  return accept(recorder, { tag, chat: ref, is_new: true });
}

/** Removes a tag from a chat (Chats API, Remove a tag from a chat). */
export function removeTag(state: ThreadState, command: RemoveTag, context: Context): Decision<TagRemoved> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const { name } = command;
  if (state.answered !== null) return unchanged(state, { name });
  if (!found.chat.tags.has(name)) return refuse({ reason: 'tag_not_found' });
  const recorder = new EventRecorder(state, context);
  recorder.emit(command.chat_id, { type: 'tag_removed', name });
  return accept(recorder, { name });
}
