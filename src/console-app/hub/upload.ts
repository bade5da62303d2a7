import { reasonOf } from '../replica/hub-reads.ts';
import type { Uploaded } from '../words/files.ts';

/**
 * Uploads a file of the user. `onShare` is told how much of it has gone, from 0 to 1; `fetch` cannot tell. Answers how to
 * stop: then `onEnd` is not called.
 */
export function uploadFile(
  userId: string,
  file: File,
  onShare: (share: number) => void,
  onEnd: (uploaded: Uploaded) => void,
): () => void {
  const request = new XMLHttpRequest();
  request.open('POST', `/api/v5/users/${userId}/files?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader('Content-Type', file.type === '' ? 'application/octet-stream' : file.type);
  request.upload.addEventListener('progress', ({ loaded, total }) => onShare(total === 0 ? 0 : loaded / total));
  request.addEventListener('load', () => onEnd(outcomeOf(request.status, request.responseText)));
  request.addEventListener('error', () => onEnd({ ok: false, reason: 'The hub cannot be reached.' }));
  request.send(file);
  return () => request.abort();
}

function outcomeOf(status: number, text: string): Uploaded {
  try {
    const body: unknown = JSON.parse(text);
    if (status === 201) return { ok: true, fileId: (body as { id: string }).id };
    return { ok: false, reason: reasonOf(body) || 'The hub has refused the file.' };
  } catch {
    return { ok: false, reason: 'The hub has refused the file.' };
  }
}
