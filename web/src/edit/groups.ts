/** Edits in the order and groups in which people look for them. What the server adds later stands under "More". */
import type { EditOperation } from '../api/operations';
import type { IconName } from '../components/icons';

const GROUPS: { name: string; ids: string[] }[] = [
  { name: 'Background', ids: ['edit.remove_background', 'edit.replace_background'] },
  { name: 'Retouch', ids: ['edit.erase', 'edit.replace', 'edit.enhance', 'edit.adjust'] },
  { name: 'Size and shape', ids: ['edit.upscale', 'edit.expand', 'edit.crop', 'edit.resize', 'edit.rotate'] },
  { name: 'Output', ids: ['edit.compose', 'edit.convert'] },
];

const ICONS: Record<string, IconName> = {
  'edit.remove_background': 'picture', 'edit.replace_background': 'switch', 'edit.erase': 'eraser', 'edit.replace': 'brush',
  'edit.enhance': 'create', 'edit.adjust': 'sun', 'edit.upscale': 'fit', 'edit.expand': 'box', 'edit.crop': 'box', 'edit.resize': 'fit',
  'edit.rotate': 'again', 'edit.compose': 'collections', 'edit.convert': 'download',
};
export const iconOf = (id: string): IconName => ICONS[id] ?? 'edit';

export interface Group { name: string; operations: EditOperation[] }

export function grouped(operations: EditOperation[]): Group[] {
  const named = GROUPS.map((group) => ({
    name: group.name,
    operations: group.ids.flatMap((id) => operations.find((one) => one.id === id) ?? []),
  }));
  const known = new Set(GROUPS.flatMap((group) => group.ids));
  const rest = operations.filter((one) => !known.has(one.id));
  return [...named, { name: 'More', operations: rest }].filter((group) => group.operations.length > 0);
}

/** What an edit does, in words for people; the server's own speak to agents. */
const WORDS: Record<string, string> = {
  'edit.remove_background': 'Cuts the subject out. The result is transparent, or stands on a background of your choice.',
  'edit.replace_background': 'Cuts the subject out and puts it on a colour, a picture or a scene.',
  'edit.erase': 'What you paint over goes; its surroundings take its place.',
  'edit.enhance': 'Takes out noise, sets the levels and sharpens. Nothing is invented.',
  'edit.adjust': 'Light and colour by hand. Zero changes nothing.',
  'edit.upscale': 'More pixels: two to four times, or up to a size.',
  'edit.expand': 'A larger canvas; the background goes on to its edges.',
  'edit.crop': 'Keeps a rectangle, a shape such as 16:9, or the subject.',
  'edit.resize': 'Other dimensions. One of width and height is enough.',
  'edit.rotate': 'Turns, straightens or mirrors the picture.',
  'edit.compose': 'Lays texts and pictures over the picture.',
  'edit.convert': 'Writes the picture in another format.',
};
export const wordsFor = (operation: EditOperation): string => WORDS[operation.id] ?? operation.description.replaceAll('`', '');
