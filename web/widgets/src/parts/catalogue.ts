/** A model in the words of any surface. */
import type { Json } from '../bridge';
import { credits, number } from '../words';

export interface Entry {
  id: string;
  name: string;
  kind: 'image' | 'video';
  about: string;
  price: string;
  /** For sorting; what one usual result costs. */
  cost: number;
  quality?: number;
  speed?: string;
  marks: string[];
  goes?: string;
  needs?: string;
  can: Set<string>;
}

const CAN: Record<string, string> = {
  text_to_image: 'From words', image_to_image: 'Changes images', text_to_video: 'From words', image_to_video: 'From an image', references: 'References',
  masks: 'Masks', text_rendering: 'Writes text', transparency: 'Transparent', sound: 'Sound', local: 'On this server',
};

export function entryOf(own: Json): Entry {
  const able = (own.capabilities ?? {}) as Record<string, boolean>;
  const can = new Set(Object.keys(able).filter((name) => able[name]));
  if (own.supports_text_to_image) can.add('text_to_image');
  if (own.supports_image_to_image) can.add('image_to_image');
  const price = own.price as Json | number | string | undefined;
  const id = String(own.id ?? own.slug ?? own.key ?? own.model ?? '');
  // AIPhotoGenerator tells a price for each of several sizes; the second is the usual one.
  const plain = own.price_credits ?? own.credits ?? own.cost ?? own.pricing?.credits ?? own.pricing ?? own.costs?.[1]?.credits;
  const rate = typeof price === 'object' ? price : undefined;
  const gone = own.deprecation as Json | undefined;
  return {
    id,
    name: String(own.name ?? id),
    kind: own.type === 'video' || /^video\//.test(id) ? 'video' : 'image',
    about: String(own.best_for || own.bestFor || own.description || ''),
    price: rate ? priceWords(rate) : typeof price === 'number' ? credits(price) : typeof plain === 'number' ? credits(plain) : String(price ?? plain ?? ''),
    cost: rate ? usual(rate) : Number(typeof price === 'number' ? price : plain) || 0,
    quality: Number(own.quality_rating) || undefined,
    speed: own.speed,
    marks: [...(own.label ? [String(own.label)] : []), ...[...can].map((name) => CAN[name] ?? '').filter((word, place, all) => word && all.indexOf(word) === place)],
    goes: gone ? `Goes ${String(gone.sunset_date ?? gone.until ?? gone.ends_at ?? 'soon').slice(0, 10)}${gone.replacement ? `; use ${gone.replacement}` : ''}` : undefined,
    needs: own.needs,
    can,
  };
}

const usual = (rate: Json): number => Math.max(
  Number(rate.at_least) || 0,
  (Number(rate.per_output) || 0) + (Number(rate.per_megapixel) || 0) + 5 * (Number(rate.per_second) || 0),
);

function priceWords(rate: Json): string {
  const parts: string[] = [];
  if (Number(rate.per_output) > 0 || !(Number(rate.per_megapixel) > 0 || Number(rate.per_second) > 0)) parts.push(Number(rate.per_output) > 0 ? credits(rate.per_output) : 'free');
  if (Number(rate.per_megapixel) > 0) parts.push(`${number(rate.per_megapixel)} / MP`);
  if (Number(rate.per_second) > 0) parts.push(`${number(rate.per_second)} / second`);
  return `${rate.is_estimate ? 'about ' : rate.tiers?.length ? 'from ' : ''}${parts.join(' + ')}`;
}
