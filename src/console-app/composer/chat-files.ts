import { uploadFile } from '../hub/upload.ts';
import { DraftFiles } from './draft-files.ts';

const opened = new Map<string, DraftFiles>();

/** The files of what somebody writes in a chat. The same ones as long as the page lives. */
export function filesOf(userId: string, chatId: string): DraftFiles {
  const place = `umi.files.${userId}.${chatId}`;
  const known = opened.get(place);
  if (known !== undefined) return known;
  const files = new DraftFiles({
    upload: (file, onShare, onEnd) => uploadFile(userId, file, onShare, onEnd),
    read: () => localStorage.getItem(place),
    write: (text) => (text === null ? localStorage.removeItem(place) : localStorage.setItem(place, text)),
    newKey: () => crypto.randomUUID(),
    now: () => Date.now(),
  });
  addEventListener('storage', ({ key }) => key === place && files.follow());
  opened.set(place, files);
  return files;
}
