import { fileTo, jsonTo, sendInPlace } from './send.js';

const forms = [document.getElementById('send'), document.getElementById('attach')];
sendInPlace(forms[0], jsonTo(`${location.pathname}/messages`));
sendInPlace(forms[1], fileTo(`${location.pathname}/files`));

// The browser reconnects by itself and then gets the whole chat.
new EventSource(`${location.pathname}/events`).addEventListener('message', ({ data }) => {
  const { chat, messages } = JSON.parse(data);
  if (chat === null) {
    location.assign('/chat');
    return;
  }
  document.getElementById('title').textContent = `Chat of ${chat.visitor_name ?? 'a visitor'}`;
  document.getElementById('messages').replaceChildren(...messages.map(itemOf).filter((item) => item !== null));
  document.getElementById('ended').hidden = !chat.is_ended;
  for (const form of forms) form.hidden = chat.is_ended;
});

/** Names and texts may contain anything, so they are inserted only as text. Null for internal messages of agents. */
function itemOf({ id, type, sender_type, sender_public_name, message, attachments }) {
  const name = sender_public_name ?? (sender_type === 'visitor' ? 'Visitor' : 'Agent');
  if (type === 'join') return noteOf(`${name} joined the chat.`);
  if (type === 'leave') return noteOf(`${name} left the chat.`);
  if (type !== 'msg') return null;
  const sender = document.createElement('b');
  sender.textContent = name;
  const text = document.createElement('span');
  text.textContent = message ?? '(something that this page cannot show)';
  const item = document.createElement('li');
  item.className = sender_type;
  item.append(sender, text, ...attachments.map((attachment) => fileOf(id, attachment)));
  return item;
}

/** A link that saves the file; an image is shown in it. The server knows a URL that is valid at that time. */
function fileOf(messageId, { id, title, file }) {
  const link = document.createElement('a');
  link.href = `${location.pathname}/files/${messageId}/${id}`;
  link.className = 'file';
  const name = document.createElement('span');
  name.textContent = `${title ?? 'A file'} (${Math.max(1, Math.round(file.size / 1024))} KB)`;
  if (['image/png', 'image/jpeg', 'image/gif', 'image/webp'].includes(file.content_type)) {
    const image = document.createElement('img');
    image.src = `${link.href}?image`;
    image.alt = '';
    link.append(image);
  }
  link.append(name);
  return link;
}

function noteOf(text) {
  const item = document.createElement('li');
  item.className = 'note';
  item.textContent = text;
  return item;
}
