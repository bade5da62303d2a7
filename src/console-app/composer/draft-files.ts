import type { SentFile } from '../replica/outbox.ts';
import { storedValue } from '../replica/ports.ts';
import { LARGEST_FILE, sizeOf, type Uploaded } from '../words/files.ts';

/** A file that goes with the next message of a chat. */
export type DraftFile = {
  readonly key: string;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly state:
    | { readonly is: 'uploading' /** From 0 to 1. */; readonly share: number }
    | { readonly is: 'ready'; readonly file_id: string /** When it was uploaded (ms). */; readonly at: number }
    | { readonly is: 'failed'; readonly reason: string; readonly canRetry: boolean };
};

/** What files need from the page. */
export type FilePorts = {
  upload(file: File, onShare: (share: number) => void, onEnd: (uploaded: Uploaded) => void): () => void;
  read(): string | null;
  /** Null deletes. May throw when the place is full. */
  write(text: string | null): void;
  newKey(): string;
  now(): number;
};

/** Most files of a message (docs/files.md). */
const MOST = 20;
/** The hub deletes a file that no message names after a day. An hour less, since it must be sent before. In ms. */
const KEPT_FOR = 23 * 3_600_000;
/** A page that is gone cannot go on, and the next one has no file to begin with. */
const INTERRUPTED = {
  is: 'failed',
  reason: 'The page was left before it had gone. Add it again.',
  canRetry: false,
} as const;

/**
 * The files that somebody adds to an answer. They are uploaded at once, so sending is a matter of a moment, and those that
 * are there outlive the page; of others the next page says that they have not gone. It lives as long as the page: an upload
 * goes on while another chat is open. All tabs have the files that are there; those on their way are their tab's alone.
 */
export class DraftFiles {
  readonly #ports: FilePorts;
  #files: readonly DraftFile[];
  /** What other tabs upload. */
  #elsewhere: readonly DraftFile[] = [];
  /** Whether the place has what is here. */
  #isKept = true;
  readonly #sources = new Map<string, File>();
  readonly #stops = new Map<string, () => void>();
  readonly #listeners = new Set<() => void>();

  constructor(ports: FilePorts) {
    this.#ports = ports;
    this.#files = this.#stored().map((file) => (file.state.is === 'ready' ? file : { ...file, state: INTERRUPTED }));
  }

  /** Both for `useSyncExternalStore`. */
  readonly all = (): readonly DraftFile[] => this.#files;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Another tab has changed the files. */
  follow(): void {
    this.#take();
    for (const listener of this.#listeners) listener();
  }

  /** Begins to upload. What cannot be sent is there too, with the reason. */
  add(files: readonly File[]): void {
    for (const file of files) {
      const key = this.#ports.newKey();
      const state = { is: 'uploading', share: 0 } as const;
      this.#change((before) => [...before, { key, name: file.name, size: file.size, state }]);
      const problem = this.#problemOf(file);
      if (problem !== null) this.#become(key, { is: 'failed', reason: problem, canRetry: false });
      else this.#upload(key, file);
    }
  }

  retry(key: string): void {
    const file = this.#sources.get(key);
    if (file === undefined) return;
    this.#become(key, { is: 'uploading', share: 0 });
    this.#upload(key, file);
  }

  remove(key: string): void {
    this.#stops.get(key)?.();
    this.#forget(key);
    this.#change((before) => before.filter((file) => file.key !== key));
  }

  /** The files that are there, to be sent. They are no longer part of the draft. */
  take(): SentFile[] {
    this.#take();
    const ready = this.#files.flatMap(({ name, state }) =>
      state.is === 'ready' ? { file_id: state.file_id, title: name } : [],
    );
    for (const { key } of this.#files) this.#forget(key);
    this.#change((before) => before.filter(({ state }) => state.is !== 'ready'));
    return ready;
  }

  /** Takes back the files of a message that could not be sent. */
  putBack(files: readonly SentFile[]): void {
    const back = files.map(({ file_id, title }): DraftFile => {
      const state = { is: 'ready', file_id, at: this.#ports.now() } as const;
      return { key: this.#ports.newKey(), name: title, size: 0, state };
    });
    this.#change((before) => [...before, ...back]);
  }

  #problemOf({ size }: File): string | null {
    if (this.#files.length > MOST) return `A message has at most ${MOST} files.`;
    if (size === 0) return 'The file is empty.';
    return size > LARGEST_FILE ? `It is larger than ${sizeOf(LARGEST_FILE)}.` : null;
  }

  #upload(key: string, file: File): void {
    this.#sources.set(key, file);
    const stop = this.#ports.upload(
      file,
      (share) => this.#become(key, { is: 'uploading', share }),
      (uploaded) => {
        if (!uploaded.ok) return this.#become(key, { is: 'failed', reason: uploaded.reason, canRetry: true });
        this.#become(key, { is: 'ready', file_id: uploaded.fileId, at: this.#ports.now() });
        this.#forget(key);
      },
    );
    this.#stops.set(key, stop);
  }

  #forget(key: string): void {
    this.#sources.delete(key);
    this.#stops.delete(key);
  }

  #become(key: string, state: DraftFile['state']): void {
    this.#change((before) => before.map((file) => (file.key === key ? { ...file, state } : file)));
  }

  #stored(): DraftFile[] {
    const stored = storedValue(this.#ports.read());
    const files = Array.isArray(stored) ? (stored as Partial<DraftFile>[]) : [];
    return files.filter(isFile).filter(({ state }) => state.is !== 'ready' || this.#ports.now() - state.at < KEPT_FOR);
  }

  /** Takes what other tabs have added, sent or removed. */
  #take(): void {
    if (!this.#isKept) return;
    const stored = this.#stored();
    const own = this.#files.filter(({ state }) => state.is !== 'ready');
    const ready = stored.filter(({ state }) => state.is === 'ready');
    const all = new Map([...own, ...ready].map((file) => [file.key, file]));
    const before = this.#files.flatMap(({ key }) => all.get(key) ?? []);
    const known = new Set(this.#files.map(({ key }) => key));
    this.#files = [...before, ...ready.filter(({ key }) => !known.has(key))];
    this.#elsewhere = stored.filter(({ key, state }) => state.is === 'uploading' && !known.has(key));
  }

  #change(changed: (before: readonly DraftFile[]) => readonly DraftFile[]): void {
    this.#take();
    this.#files = changed(this.#files);
    const kept = [...this.#files.filter(({ state }) => state.is !== 'failed'), ...this.#elsewhere];
    try {
      this.#ports.write(kept.length === 0 ? null : JSON.stringify(kept));
      this.#isKept = true;
    } catch {
      // A full browser keeps them on the page only.
      this.#isKept = false;
    }
    for (const listener of this.#listeners) listener();
  }
}

function isFile(file: Partial<DraftFile> | null): file is DraftFile {
  return typeof file?.key === 'string' && typeof file.state?.is === 'string';
}
