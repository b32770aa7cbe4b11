/** Pictures and videos: by URL, and where the host does not allow that or the URL has ended, by the server's own words. */
import { ask, callTool, openLink, can, type Json } from '../bridge';
import { button, h, icon } from '../dom';

export interface Media {
  asset_id?: string;
  url: string;
  title?: string;
  content_type?: string;
  width?: number;
  height?: number;
  size_bytes?: number;
  duration_seconds?: number;
  thumbnail_url?: string;
  preview_url?: string;
  colors?: string[];
  before?: Media;
  /** A model that made it, where nothing else is known. */
  model?: string;
}

/** What is known of a piece of media, in any of the services' words. */
export function mediaOf(own: Json | string): Media {
  if (typeof own === 'string') return { url: own };
  const id = own.asset_id ?? own.id ?? own.imageId ?? own.image_id;
  const before = own.before as Json | undefined;
  return {
    asset_id: typeof id === 'string' ? id : undefined,
    url: String(own.url ?? own.image_url ?? own.imageUrl ?? own.download_url ?? own.downloadUrl ?? ''),
    title: own.title ?? own.name,
    content_type: own.content_type ?? own.contentType ?? own.mime_type,
    width: Number(own.width) || undefined,
    height: Number(own.height) || undefined,
    size_bytes: Number(own.size_bytes ?? own.sizeBytes) || undefined,
    duration_seconds: Number(own.duration_seconds) || undefined,
    thumbnail_url: own.thumbnail_url ?? own.thumbnailUrl,
    preview_url: own.preview_url,
    colors: own.colors,
    model: typeof own.model === 'string' ? own.model : undefined,
    before: before ? mediaOf(before) : undefined,
  };
}

export const isVideo = (media: Media): boolean =>
  /^video\//.test(media.content_type ?? '') || (!media.content_type && /\.(mp4|webm|mov)(\?|$)/i.test(media.url));

export const ratioOf = (media: Media): number =>
  media.width && media.height ? Math.min(4, Math.max(0.25, media.width / media.height)) : 1;

export const nameOf = (media: Media): string => media.title || media.asset_id || 'Result';

const kept = new Map<string, Promise<{ data?: string; url?: string }>>();

/** A small copy in words, and a fresh URL, by a tool that only pages call. Asked once for each asset. */
function inWords(asset: string): Promise<{ data?: string; url?: string }> {
  let asked = kept.get(asset);
  if (!asked) {
    asked = callTool('asset_preview', { asset_id: asset, preview: true }).then((result) => {
      const block = (result.content ?? []).find((one) => one.type === 'image');
      const mime = /^image\/(webp|png|jpeg|avif|gif)$/.test(block?.mimeType) ? block?.mimeType : 'image/webp';
      return { data: block ? `data:${mime};base64,${block.data}` : undefined, url: result.structuredContent?.url };
    });
    asked.catch(() => kept.delete(asset));
    kept.set(asset, asked);
  }
  return asked;
}

/** A fresh URL for an asset, or the old one. */
export async function freshUrl(media: Media): Promise<string> {
  if (!media.asset_id?.startsWith('ast_')) return media.url;
  try { return String((await ask('asset_preview', { asset_id: media.asset_id })).url ?? media.url); } catch { return media.url; }
}

function missing(media: Media): HTMLElement {
  const open = media.url && can('openLinks') ? button('Open', () => openLink(media.url), { icon: 'open' }) : null;
  return h('div', { class: 'missing' }, icon(isVideo(media) ? 'film' : 'picture'), h('span', null, 'Cannot be shown here'), open);
}

/** The picture at one of its sizes. */
export function picture(media: Media, size: 'small' | 'large' | 'whole', alt = nameOf(media)): HTMLElement {
  const [small, large] = [media.thumbnail_url ?? media.preview_url ?? media.url, media.preview_url ?? media.url];
  const source = size === 'small' ? small : size === 'large' ? large : media.url;
  const image = h('img', {
    alt,
    decoding: 'async',
    draggable: 'false',
    width: media.width,
    height: media.height,
    srcset: size === 'small' && media.preview_url && media.thumbnail_url ? `${small} 1x, ${large} 2x` : undefined,
  });
  const give = (): void => image.replaceWith(missing(media));
  let hasFailed = false;
  image.addEventListener('error', async () => {
    if (hasFailed || !media.asset_id) { give(); return; }
    hasFailed = true;
    try {
      const { data, url } = await inWords(media.asset_id);
      if (url) media.url = url;
      if (!data) { give(); return; }
      image.removeAttribute('srcset');
      image.src = data;
    } catch { give(); }
  });
  image.src = source;
  return image;
}

export function player(media: Media): HTMLElement {
  const video = h('video', { controls: true, playsinline: true, loop: true, preload: 'metadata', 'aria-label': nameOf(media), 'data-key': `video-${media.asset_id}` });
  let hasFailed = false;
  video.addEventListener('error', async () => {
    const place = video.currentTime;
    const fresh = hasFailed ? media.url : await freshUrl(media);
    if (hasFailed || fresh === media.url) { video.replaceWith(missing(media)); return; }
    hasFailed = true;
    media.url = fresh;
    video.src = fresh;
    video.currentTime = place;
  });
  video.src = media.url;
  return video;
}

/** A frame in the media's own shape. */
export function frame(media: Media, look = '', ...children: Node[]): HTMLElement {
  const colour = media.colors?.[0];
  const shown = h('div', {
    class: `frame ${/png|webp|avif/.test(media.content_type ?? '') ? 'clear' : ''} ${look}`,
    vars: { 'aspect-ratio': String(ratioOf(media)), ...(colour && /^#[0-9a-f]{3,8}$/i.test(colour) ? { '--tint': colour } : {}) },
  }, ...children);
  return shown;
}
