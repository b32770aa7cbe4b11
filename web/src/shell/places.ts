/** The places of the app, in the order of the navigation. */
import type { IconName } from '../components/icons';

export interface Place { id: string; name: string; icon: IconName; for?: 'operator' | 'editor' }

export const PLACES: Place[] = [
  { id: 'library', name: 'Library', icon: 'library' },
  { id: 'create', name: 'Create', icon: 'create', for: 'editor' },
  { id: 'pipelines', name: 'Pipelines', icon: 'pipelines' },
  { id: 'collections', name: 'Collections', icon: 'collections' },
  { id: 'sharing', name: 'Sharing', icon: 'share' },
  { id: 'jobs', name: 'Jobs', icon: 'jobs' },
  { id: 'usage', name: 'Usage', icon: 'usage' },
  { id: 'trash', name: 'Trash', icon: 'trash', for: 'editor' },
  { id: 'settings', name: 'Settings', icon: 'settings' },
  { id: 'admin', name: 'Admin', icon: 'admin', for: 'operator' },
];
/** What stands in the bar of a phone; the rest is under More. */
export const IN_BAR = ['library', 'create', 'collections', 'jobs'];
