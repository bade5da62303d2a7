import { type MouseEvent, useState } from 'react';
import { Icon } from '../desk/icons.tsx';
import type { Message } from '../replica/known.ts';
import { hasExpired, kindOf, sizeOf } from '../words/files.ts';
import { withoutDirectionMarks } from '../words/names.ts';
import { useChanging } from './changing.ts';
import './attachments.css';

type Attachment = Message['attachments'][number];

/** What a message has beside its text: files, links, questions with buttons, forms. */
export function Attachments({ message }: { message: Message }) {
  const { attachments, attachment_template } = message;
  if (attachments.length === 0) return null;
  return (
    <ul className="attachments" aria-label="Attachments">
      {attachments.map((attachment) => (
        <li key={attachment.id} className="attachment">
          {attachment.file === undefined ? (
            <Outside attachment={attachment} isForm={attachment_template === 'interaction'} />
          ) : (
            <StoredFile messageId={message.id} attachment={attachment} file={attachment.file} />
          )}
          {attachment.text === null ? null : <p className="attachment-text">{attachment.text}</p>}
          {attachment.actions.length === 0 ? null : (
            <ul className="attachment-actions" aria-label="Buttons for the visitor">
              {attachment.actions.map(({ id, text }) => (
                <li key={id} className="chip">
                  {text}
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

/** A file that the hub has. An image of a kind that cannot hold a program is shown. */
function StoredFile({
  messageId,
  attachment: { title, title_link_url, image_url },
  file,
}: {
  messageId: string;
  attachment: Attachment;
  file: NonNullable<Attachment['file']>;
}) {
  const { refresh } = useChanging();
  const [broken, setBroken] = useState<string | null>(null);
  // Turned around, the end of a name could hide what the file is.
  const name = withoutDirectionMarks(title ?? file.name);

  // The address may have expired while the page was open: another one is asked for, once for each.
  function failed(url: string): void {
    if (broken === null || broken !== url) refresh(messageId).catch(reportError);
    setBroken(url);
  }
  async function open(event: MouseEvent<HTMLAnchorElement>, url: string): Promise<void> {
    if (!hasExpired(url, Date.now())) return;
    event.preventDefault();
    await refresh(messageId);
  }

  return (
    <>
      {image_url === null || image_url === broken ? null : (
        <img className="attachment-image" src={image_url} alt={name} onError={() => failed(image_url)} />
      )}
      <p className="attachment-file">
        <Icon name="file" size={16} />
        {title_link_url === null ? (
          <span>{name}</span>
        ) : (
          <a href={title_link_url} download={file.name} onClick={(event) => open(event, title_link_url)}>
            {name}
          </a>
        )}
        <span className="muted">{[kindOf(file), sizeOf(file.size)].filter((part) => part !== '').join(' · ')}</span>
      </p>
    </>
  );
}

/** What is elsewhere: it is named, and loaded only when somebody opens it. */
function Outside({ attachment, isForm }: { attachment: Attachment; isForm: boolean }) {
  const { title, title_link_url, image_url, image_link_url, attachment_url } = attachment;
  const url = title_link_url ?? attachment_url ?? image_link_url ?? image_url;
  const name = title ?? (isForm ? 'Form' : image_url === null ? (url ?? 'Attachment') : 'Image');
  return (
    <p className="attachment-name">
      {/* Only addresses of the web become links: `javascript:` and the like stay text. */}
      {url !== null && /^https?:\/\//.test(url) ? (
        <a href={url} target="_blank" rel="noopener noreferrer">
          {name}
        </a>
      ) : (
        name
      )}{' '}
      {isForm ? <span className="chip">Form</span> : null}
    </p>
  );
}
