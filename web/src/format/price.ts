/** What one result of a model costs, in words. */
import type { Model } from '../api/types';
import { credits } from './words';

export function priceOf(model: Model): string {
  const { per_output, per_megapixel, per_second, tiers } = model.price;
  const parts = [per_output && `${credits(per_output)} each`, per_megapixel && `${credits(per_megapixel)} a megapixel`, per_second && `${credits(per_second)} a second`].filter(Boolean);
  const words = parts.length ? parts.join(' + ') : 'Free';
  return tiers?.length ? `${words}, by its inputs` : words;
}
