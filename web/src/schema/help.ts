/**
 * Words for people in place of the schema's, which speak to agents ("asset id, https URL or data URI"). Only where those
 * would puzzle; what is not named here, such as the fields of a new model, keeps the schema's own. Empty means none.
 */
const HELP: Record<string, string> = {
  images: '',
  image: '',
  shape: '',
  style: '',
  count: '',
  width: '',
  height: '',
  prompt: '',
  x: '',
  y: '',
  left: '',
  top: '',
  right: '',
  bottom: '',
  seed: 'The same seed gives the same result.',
  background: 'A colour, a picture from the library, or words that describe a scene.',
  mask: '',
  output: '',
  model: 'Leave empty for the best that is here; “built-in” needs no download, and the id of a provider’s model uses its key.',
  aspect_ratio: 'Such as 16:9.',
  output_format: '',
  grow: 'Makes the painted area larger on all sides.',
  margin: 'Space around the subject, in percent of its long side.',
};

const LABELS: Record<string, string> = {
  collection_id: 'Collection',
  images: 'Pictures',
  image: 'Picture',
  width: 'Width, px',
  height: 'Height, px',
  x: 'From the left, px',
  y: 'From the top, px',
  left: 'Left, px',
  top: 'Top, px',
  right: 'Right, px',
  bottom: 'Bottom, px',
  grow: 'Grow, px',
  output_format: 'Format',
  duration_seconds: 'Length, seconds',
  count: 'How many',
  subject: 'Crop to the subject',
  margin: 'Margin, %',
};

export const helpFor = (name: string, description: string | undefined): string | undefined =>
  (name in HELP ? HELP[name] : description?.replaceAll('`', '')) || undefined;
export const labelFor = (name: string): string | undefined => LABELS[name];
