import { type KeyboardEvent, lazy, useEffect, useId, useRef, useState, useSyncExternalStore } from 'react';
import { usePreferences } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import type { ServerDraft } from '../hub/server-draft.ts';
import type { Suggestion } from '../replica/known.ts';
import type { NewMessage, SentFile } from '../replica/outbox.ts';
import { filesOf } from './chat-files.ts';
import { readDraft, writeDraft } from './drafts.ts';
import { FileList } from './file-list.tsx';
import type { ReplyFacts } from './reply-picker.tsx';
import { choosingAt } from './reply-text.ts';
import { SuggestionCard } from './suggestion-card.tsx';
import { usePicker } from './use-picker.tsx';
import './composer.css';

const ReplyPicker = lazy(() => import('./reply-picker.tsx'));

type Props = {
  userId: string;
  chatId: string;
  /** Mail is sent by Ctrl+Enter only, since letters have many lines. */
  isMail: boolean;
  /** In characters. */
  longest: number;
  suggestions: readonly Suggestion[];
  /** What goes back into the field, once: a message that could not be sent. */
  returned: { text: string; files: readonly SentFile[] } | null;
  onReturned: () => void;
  replyFacts: ReplyFacts;
  /** What the hub keeps for all devices; empty for nothing. */
  kept: string;
  serverDraft: ServerDraft;
  isOffline: boolean;
  onSend: (content: NewMessage) => void;
  onTyping: (isTyping: boolean) => void;
  onLeave: () => void;
};

/** Where one writes an answer. What is written stays in the browser until it is sent. */
export function Composer(props: Props) {
  const { userId, chatId, isMail, longest, suggestions, returned, onReturned, serverDraft, onSend, onTyping } = props;
  const byEnter = usePreferences().enter_sends && !isMail;
  const field = useId();
  const hint = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  /** What was written here; null: nothing yet, so the field follows what was begun on another device. */
  const [written, setText] = useState(() => readDraft(userId, chatId) || null);
  const text = written ?? props.kept;
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set());
  const [inserted, setInserted] = useState<string | null>(null);
  const [isOver, setOver] = useState(false);
  const offered = suggestions.filter(({ id }) => !dismissed.has(id));
  const isTooLong = Array.from(text).length > longest;
  const isEmpty = text.trim() === '';
  const [files] = useState(() => filesOf(userId, chatId));
  const allFiles = useSyncExternalStore(files.subscribe, files.all);
  const isUploading = allFiles.some(({ state }) => state.is === 'uploading');
  const hasFiles = allFiles.some(({ state }) => state.is === 'ready');
  const hasFailedFile = allFiles.some(({ state }) => state.is === 'failed');
  const cannotSend = (isEmpty && !hasFiles) || isTooLong || isUploading || hasFailedFile;
  const replies = usePicker({
    area,
    text,
    onText: change,
    choosingAt,
    draw: (field) => <ReplyPicker field={field} facts={props.replyFacts} />,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes back to the text that is there now
  useEffect(() => {
    if (returned === null) return;
    setText(isEmpty ? returned.text : `${text}\n${returned.text}`);
    files.putBack(returned.files);
    onReturned();
  }, [returned]);
  useEffect(() => {
    if (written !== null) writeDraft(userId, chatId, written);
  }, [userId, chatId, written]);

  // A file that misses the field would be opened by the browser in place of the page.
  useEffect(() => {
    const keep = (event: DragEvent) => event.dataTransfer?.types.includes('Files') && event.preventDefault();
    for (const type of ['dragover', 'drop'] as const) addEventListener(type, keep);
    return () => {
      for (const type of ['dragover', 'drop'] as const) removeEventListener(type, keep);
    };
  }, []);

  // Whoever has just taken the chat wants to write; who has come by keys or on a phone has the focus elsewhere.
  useEffect(() => {
    if (document.activeElement === document.body) area.current?.focus();
  }, []);

  function change(next: string): void {
    setText(next);
    serverDraft.keep(next);
    onTyping(next.trim() !== '');
  }

  function send(): void {
    if (cannotSend) return;
    const attachments = files.take();
    onSend({
      message: text.trim(),
      ...(inserted === null ? {} : { selected_reply_suggestion_id: inserted }),
      ...(attachments.length === 0 ? {} : { attachments }),
    });
    setText('');
    serverDraft.keep('');
    setInserted(null);
    onTyping(false);
  }

  const dismiss = ({ id }: Suggestion) => setDismissed((before) => new Set([...before, id]));

  function insert(suggestion: Suggestion): void {
    setInserted(suggestion.id);
    change(isEmpty ? suggestion.suggestion : `${text.trimEnd()}\n${suggestion.suggestion}`);
    area.current?.focus();
  }

  function sendSuggestion(suggestion: Suggestion): void {
    onSend({ message: suggestion.suggestion, selected_reply_suggestion_id: suggestion.id });
    dismiss(suggestion);
  }

  function pressed(event: KeyboardEvent<HTMLTextAreaElement>): void {
    // An Enter that ends the input of a character sends nothing.
    if (event.nativeEvent.isComposing) return;
    if (replies.press(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const isCommand = event.ctrlKey || event.metaKey;
    const [first] = offered;
    if (event.key === 'Enter' && isCommand && event.shiftKey && first !== undefined) sendSuggestion(first);
    else if (event.key === 'Enter' && !event.shiftKey && (isCommand || byEnter)) send();
    else if (event.key === 'Tab' && !event.shiftKey && isEmpty && first !== undefined) insert(first);
    else if (event.key === 'Escape' && isEmpty && first !== undefined) dismiss(first);
    else if (event.key === 'Escape') props.onLeave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="answer">
      {offered.length === 0 ? null : (
        <SuggestionCard
          suggestions={offered}
          canInsertByKey={isEmpty}
          onInsert={insert}
          onSend={sendSuggestion}
          onDismiss={dismiss}
        />
      )}
      {replies.list}
      <form
        className={isOver ? 'composer-form is-over' : 'composer-form'}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes('Files')) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          if (event.dataTransfer.files.length === 0) return;
          event.preventDefault();
          setOver(false);
          files.add([...event.dataTransfer.files]);
        }}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label className="hidden-text" htmlFor={field}>
          Your answer
        </label>
        <textarea
          id={field}
          ref={area}
          rows={2}
          value={text}
          placeholder="Write an answer"
          aria-describedby={hint}
          data-composer
          aria-autocomplete="list"
          aria-activedescendant={replies.optionId ?? undefined}
          onChange={({ target }) => {
            change(target.value);
            replies.look(target.value, target.selectionStart);
          }}
          onSelect={({ currentTarget }) => replies.look(currentTarget.value, currentTarget.selectionStart)}
          onKeyDown={pressed}
          onPaste={(event) => {
            // Programs for tables and texts add a picture of what was copied: the text is meant.
            if (event.clipboardData.files.length === 0 || event.clipboardData.types.includes('text/plain')) return;
            event.preventDefault();
            files.add([...event.clipboardData.files]);
          }}
          onBlur={() => onTyping(false)}
        />
        <FileList files={files} all={allFiles} />
        <div className="composer-foot">
          <p id={hint} className={isTooLong ? 'message-failed' : 'muted'}>
            {isTooLong
              ? `At most ${longest.toLocaleString('en')} characters`
              : isUploading
                ? 'It can be sent once the files are uploaded'
                : hasFailedFile
                  ? 'Remove the file that was not uploaded, or try it again'
                  : hintOf(byEnter, props.isOffline)}
          </p>
          <button type="button" className="button quiet small" onClick={() => picker.current?.click()}>
            <Icon name="clip" size={16} /> <span className="hidden-text">Add files</span>
          </button>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Files"
            onChange={({ target }) => {
              files.add([...(target.files ?? [])]);
              target.value = '';
              area.current?.focus();
            }}
          />
          <button
            type="button"
            className="button quiet small composer-tool"
            data-command="replies"
            onClick={() => replies.toggle()}
          >
            Replies <kbd>/</kbd>
          </button>
          <button type="submit" className="button primary" disabled={cannotSend}>
            <Icon name="send" size={16} /> Send
          </button>
        </div>
      </form>
    </div>
  );
}

function hintOf(byEnter: boolean, isOffline: boolean): string {
  if (isOffline) return 'Offline: your answer goes out when the connection is back';
  return byEnter ? 'Enter sends, Shift+Enter begins a line' : 'Ctrl+Enter sends';
}
