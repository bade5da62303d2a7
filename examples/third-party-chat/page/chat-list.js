import { jsonTo, sendInPlace } from './send.js';

sendInPlace(document.getElementById('start'), jsonTo('/chat'));

// The browser reconnects by itself and then gets the whole list.
new EventSource('/chat/events').addEventListener('message', ({ data }) => {
  const items = JSON.parse(data).chats.map(itemOf);
  document.getElementById('chats').replaceChildren(...items);
});

/** Names may contain anything, so they are inserted only as text. */
function itemOf({ id, visitor_name, created_at, is_ended }) {
  const link = document.createElement('a');
  link.href = `/chat/${id}`;
  link.textContent = visitor_name ?? 'Visitor';
  const item = document.createElement('li');
  item.append(link, `, ${new Date(created_at).toLocaleString()}${is_ended ? ', ended' : ''}`);
  return item;
}
