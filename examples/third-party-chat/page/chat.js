import { sendInPlace } from './send.js';

const form = document.getElementById('send');
sendInPlace(form, `${location.pathname}/messages`);

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
  form.hidden = chat.is_ended;
});

/** Names and texts may contain anything, so they are inserted only as text. Null for internal messages of agents. */
function itemOf({ type, sender_type, sender_public_name, message }) {
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
  item.append(sender, text);
  return item;
}

function noteOf(text) {
  const item = document.createElement('li');
  item.className = 'note';
  item.textContent = text;
  return item;
}
