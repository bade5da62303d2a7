import { useState } from 'react';
import type { tagResource } from '../../../resources/tag.ts';
import { call } from '../../hub/call.ts';
import { TextField } from '../../records/fields.tsx';
import { useForm } from '../../records/form.ts';
import { useCollection, useReadAgain } from '../../records/read.ts';
import { RecordForm } from '../../records/record-form.tsx';
import { RecordPart } from '../../records/record-page.tsx';

type Tag = ReturnType<typeof tagResource>;

/** The tags that agents are offered for chats of a room. */
export function AllowedTags({ path }: { path: string }) {
  const tags = useCollection<Tag>(path);
  const readAgain = useReadAgain();
  const [problem, setProblem] = useState<string | null>(null);
  const form = useForm({
    initial: { name: '' },
    save: ({ name }) => call<Tag>(path, { method: 'POST', body: { name: name.trim() } }),
    onSaved: () => readAgain(path),
  });

  async function remove(name: string): Promise<void> {
    const answer = await call(`${path}/${encodeURIComponent(name)}`, { method: 'DELETE' });
    setProblem(answer.ok || answer.status === 404 ? null : answer.detail);
    await readAgain(path);
  }

  return (
    <RecordPart title="Tags" about="Agents are offered these. A chat may have other tags, too.">
      {tags.items.length === 0 ? null : (
        <ul className="picked">
          {tags.items.map(({ name }) => (
            <li key={name}>
              {name}
              <button
                type="button"
                className="button small quiet"
                aria-label={`Remove ${name}`}
                onClick={() => remove(name).catch(console.error)}
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      {tags.hasMore ? (
        <button type="button" className="button" onClick={tags.more}>
          Show more
        </button>
      ) : null}
      {(problem ?? tags.problem) === null ? null : (
        <p className="problem" role="alert">
          {problem ?? tags.problem}
        </p>
      )}
      <RecordForm form={form} save="Add">
        <TextField label="New tag" {...form.bind('name')} />
      </RecordForm>
    </RecordPart>
  );
}
