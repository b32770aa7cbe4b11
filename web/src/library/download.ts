/** Saves files under their titles. */
import { here } from '../api/client';
import { assets as api } from '../api/library';
import { toasts } from '../state/toasts.svelte';

interface Downloadable { asset_id: string; title: string; content_type: string; url: string; url_expires_at: string }

const ENDINGS: Record<string, string> = { 'image/jpeg': 'jpg', 'image/svg+xml': 'svg', 'video/quicktime': 'mov' };

export function fileName(asset: { title: string; content_type: string }): string {
  const ending = ENDINGS[asset.content_type] ?? asset.content_type.split('/')[1] ?? 'bin';
  // What no file system takes, and what would hide the name or leave the folder.
  const base = asset.title.replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ').replace(/^[.\s]+|[.\s]+$/g, '').slice(0, 120) || 'asset';
  return base.toLowerCase().endsWith(`.${ending}`) ? base : `${base}.${ending}`;
}

export function save(href: string, name: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
}

/** One after the other: browsers drop downloads that begin in the same moment. */
export async function download(all: Downloadable[]): Promise<void> {
  for (const asset of all) {
    let url = asset.url;
    if (new Date(asset.url_expires_at).getTime() < Date.now() + 30_000) {
      try {
        url = (await api.get(asset.asset_id)).url;
      } catch (thrown) {
        toasts.wrong(thrown);
        return;
      }
    }
    save(here(url), fileName(asset));
    if (all.length > 1) await new Promise((resolve) => setTimeout(resolve, 350));
  }
}
