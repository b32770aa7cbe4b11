// Who and what the OAuth checks share: the owner signed in, a second workspace to pick on the
// consent page, and the addresses that the server says it has.
import assert from 'node:assert/strict';
import { Person, formTo, send, words } from '../browserless.mjs';
import { base, email, password } from '../checks.mjs';

/** Endpoints that not every server has. */
export const SURFACES = ['/mcp/krea', '/mcp/pixelcut', '/api/mcp'];
const RESOURCE = '/.well-known/oauth-protected-resource';

/**
 * `owner` is a signed-in person, `standard` the workspace that is chosen by default and `picked`
 * another; `server` is the authorization server's metadata; `mcp`, `root` and `api` are resources,
 * and `surfaces` those of the other endpoints that are there, by path.
 */
export const scene = {};

export async function setScene() {
  const owner = await anotherSession();
  const { workspaces } = await owner.api('GET', '/me');
  const standard = workspaces.find((workspace) => workspace.is_default) ?? workspaces[0];
  const made = await owner.api('POST', '/workspaces', { name: `Picked ${Date.now()}` });
  Object.assign(scene, {
    owner,
    standard: standard.workspace_id,
    picked: made.workspace_id,
    server: await json('/.well-known/oauth-authorization-server'),
    mcp: (await json(`${RESOURCE}/mcp`)).resource,
    root: (await json(RESOURCE)).resource,
    api: (await json(`${RESOURCE}/api/v1`)).resource,
    surfaces: {},
  });
  for (const path of SURFACES) {
    const answer = await get(`${RESOURCE}${path}`);
    if (answer.status === 200) scene.surfaces[path] = answer.json().resource;
  }
}

/** A new session of the owner, as in another browser. */
export async function anotherSession() {
  const person = new Person(base, { email, password });
  await person.signIn();
  return person;
}

/** Somebody else, by an invitation of the owner into the workspace `picked`; signed in there. */
export async function anotherPerson(role) {
  const inviter = await anotherSession();
  await inviter.api('POST', '/me/workspace', { workspace_id: scene.picked });
  const { url } = await inviter.api('POST', '/invites', { role });
  const { pathname } = new URL(url, base);
  const own = { email: `${role}.${Date.now()}@example.com`, password: 'another battery staple' };
  const person = new Person(base, own);
  const { page } = await person.open(pathname);
  const form = formTo(page, pathname);
  assert.ok(form, `no form at ${pathname} (${page.status}): ${words(page)}`);
  const answer = await person.submit(form, { name: `A ${role}`, ...own });
  assert.equal(answer.status, 303, `joining answers ${answer.status}: ${words(answer)}`);
  return { person, inviter };
}

export function get(path, headers = {}) {
  return send(new URL(path, base), { headers });
}

export async function json(path, headers) {
  const answer = await get(path, headers);
  assert.equal(answer.status, 200, `${path} answers ${answer.status}`);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/, path);
  return answer.json();
}
