import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { call } from '../hub/call.ts';

type Props = {
  tags: readonly string[];
  /** Where the chat is: its tags and the allowed ones are below it. */
  chatPath: string;
  canChange: boolean;
};

/** The tags of a chat. Those that its room allows are offered first. */
export function TagList({ tags, chatPath, canChange }: Props) {
  const { complain, say } = useDesk();
  const list = useId();
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState('');
  const allowed = useQuery({
    queryKey: ['allowed tags', chatPath],
    queryFn: () => readAllowed(chatPath),
    enabled: isOpen,
    staleTime: 60_000,
  });

  async function add(event: FormEvent): Promise<void> {
    event.preventDefault();
    const tag = name.trim();
    if (tag === '') return setOpen(false);
    setName('');
    setOpen(false);
    if (await put(tag)) sayDone(`The tag ${tag} is added.`, () => drop(tag));
  }

  async function remove(tag: string): Promise<void> {
    if (await drop(tag)) sayDone(`The tag ${tag} is removed.`, () => put(tag));
  }

  async function put(tag: string): Promise<boolean> {
    const answer = await call(`${chatPath}/tags`, { method: 'POST', body: { name: tag } });
    if (!answer.ok) complain(`The tag was not added: ${answer.detail}`);
    return answer.ok;
  }

  async function drop(tag: string): Promise<boolean> {
    const answer = await call(`${chatPath}/tags/${encodeURIComponent(tag)}`, { method: 'DELETE' });
    if (!answer.ok) complain(`The tag was not removed: ${answer.detail}`);
    return answer.ok;
  }

  function sayDone(text: string, undo: () => Promise<boolean>): void {
    say({ text, action: { name: 'Undo', isUndo: true, run: () => void undo().catch(reportError) } });
  }

  return (
    <div className="tags">
      <ul aria-label="Tags">
        {tags.map((tag) => (
          <li key={tag} className="tag">
            {tag}
            {canChange ? (
              <button type="button" aria-label={`Remove the tag ${tag}`} onClick={() => remove(tag)}>
                <Icon name="close" size={12} />
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {!canChange ? null : isOpen ? (
        <form onSubmit={add}>
          <label className="hidden-text" htmlFor={`${list}-name`}>
            New tag
          </label>
          <input
            id={`${list}-name`}
            list={list}
            className="tag-field"
            value={name}
            // biome-ignore lint/a11y/noAutofocus: the field appears because somebody has asked for it
            autoFocus
            onChange={(event) => setName(event.target.value)}
            onBlur={() => name === '' && setOpen(false)}
            onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}
          />
          <datalist id={list}>
            {(allowed.data ?? []).map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </form>
      ) : (
        <button type="button" className="button quiet small" data-command="tag" onClick={() => setOpen(true)}>
          <Icon name="tag" size={14} /> Add tag
        </button>
      )}
    </div>
  );
}

async function readAllowed(chatPath: string): Promise<string[]> {
  const answer = await call<{ results: { name: string }[] }>(`${chatPath}/allowed_tags`);
  return answer.ok ? answer.body.results.map(({ name }) => name) : [];
}
