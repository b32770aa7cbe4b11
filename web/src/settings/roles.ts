import type { Role } from '../api/types';

/** The roles that can be given, and what they may do. */
export const ROLES: { id: Role; text: string }[] = [
  { id: 'viewer', text: 'Looks at everything and changes nothing.' },
  { id: 'member', text: 'Uploads, edits, generates, shares and uses the trash.' },
  { id: 'admin', text: 'Also manages members, API keys and connected apps.' },
];
