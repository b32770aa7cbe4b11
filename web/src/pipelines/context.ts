/** The editor, for the nodes on its canvas: Svelte Flow makes them, so it cannot be handed down as a property. */
import { getContext, setContext } from 'svelte';
import type { Editor } from './editor.svelte';

const KEY = Symbol('editor');
export const provide = (editor: Editor): Editor => setContext(KEY, editor);
export const theEditor = (): Editor => getContext<Editor>(KEY);
