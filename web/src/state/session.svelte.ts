/** Who is signed in, in which workspace, and what that allows. */
import { me } from '../api/account';
import { prove } from '../api/client';
import type { Me, Role } from '../api/types';

const RANK: Record<Role, number> = { viewer: 0, member: 1, admin: 2, owner: 3 };

class Session {
  #facts = $state<Me>();

  async load(): Promise<void> {
    const facts = await me.get();
    prove(facts.csrf_token, facts.server.public_url);
    this.#facts = facts;
  }

  get isLoaded(): boolean {
    return this.#facts !== undefined;
  }
  get me(): Me {
    if (!this.#facts) throw new Error('The session is not loaded yet.');
    return this.#facts;
  }
  get user() {
    return this.me.user;
  }
  get workspace() {
    return this.me.workspace;
  }
  get server() {
    return this.me.server;
  }
  #is(role: Role): boolean {
    return RANK[this.me.workspace.role] >= RANK[role];
  }
  /** Edit, generate, upload, trash, share. */
  get mayEdit(): boolean {
    return this.#is('member');
  }
  /** Members, keys, apps. */
  get mayManage(): boolean {
    return this.#is('admin');
  }
  get isOwner(): boolean {
    return this.#is('owner');
  }
}

export const session = new Session();
