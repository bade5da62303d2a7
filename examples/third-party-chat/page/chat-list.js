import { sendInPlace } from './send.js';

sendInPlace(document.getElementById('start'), '/chat');

// The browser connects again by itself, and gets the whole list then.
new EventSource('/chat/events').addEventListener('message', ({ data }) => {
  const items = JSON.parse(data).chats.map(itemOf);
  document.getElementById('chats').replaceChildren(...items);
});

/** Names may hold anything, so they are only ever put in as text. */
function itemOf({ id, visitor_name, created_at, is_ended }) {
  const link = document.createElement('a');
  link.href = `/chat/${id}`;
  link.textContent = visitor_name ?? 'Visitor';
  const item = document.createElement('li');
  item.append(link, `, ${new Date(created_at).toLocaleString()}${is_ended ? ', ended' : ''}`);
  return item;
}
