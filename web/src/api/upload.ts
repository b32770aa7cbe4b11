/** One file to the server. XMLHttpRequest, because `fetch` does not tell how far an upload is. */
import { assets } from './library';
import { here } from './client';
import { Problem } from './problem';
import type { Asset } from './types';

export async function uploadFile(
  file: File,
  collection: string | undefined,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Asset> {
  const ticket = await assets.uploadUrl({
    file_name: file.name.slice(0, 500),
    ...(collection ? { collection_id: collection } : {}),
  });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', here(ticket.upload_url));
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Asset);
      else reject(Problem.read(request.status, request.responseText));
    };
    request.onerror = () => reject(Problem.offline());
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    // Multipart rather than the bare bytes: it carries the file's name, which becomes the title.
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
