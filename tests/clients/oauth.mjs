// OAuth as an app, a person and an attacker meet it: real MCP clients, OAuth libraries of other
// makers, and requests that no library would send. Needs the email and password of an owner. The
// server has the client `pre-registered-test` with the redirect URI http://127.0.0.1/callback in its
// settings, and AQUATINT_FETCH_ALLOW_PRIVATE=127.0.0.1:PORT with the port that is told here as
// AQUATINT_CIMD_PORT. Names of parts can be given to run only those.
import { check, fail, finish } from './checks.mjs';
import { authorize } from './oauth/authorize.mjs';
import { cimd } from './oauth/cimd.mjs';
import { clients } from './oauth/clients.mjs';
import { consent } from './oauth/consent.mjs';
import { inspector } from './oauth/inspector.mjs';
import { libraries } from './oauth/libraries.mjs';
import { metadata } from './oauth/metadata.mjs';
import { refresh } from './oauth/refresh.mjs';
import { registration } from './oauth/registration.mjs';
import { resource } from './oauth/resource.mjs';
import { scene, setScene } from './oauth/scene.mjs';
import { beginSlow } from './oauth/slow.mjs';
import { tokenEndpoint } from './oauth/token.mjs';

if (!process.env.AQUATINT_CIMD_PORT) {
  fail('environment', 'set AQUATINT_CIMD_PORT, from where the server is allowed to fetch descriptions of apps');
  finish();
}
await check('oauth: the owner signs in and makes a second workspace', setScene);
if (!scene.server) finish();

const parts = {
  metadata, clients, inspector, libraries, authorize, consent, token: tokenEndpoint, refresh, resource, cimd,
  registration,
};
const wanted = process.argv.slice(2);
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);

/** Runs a part; what breaks outside its checks is a failure of its own, and the next part goes on. */
async function part(name, run) {
  let ending;
  if (!isWanted(name)) return undefined;
  try {
    ending = await run();
  } catch (error) {
    await check(`oauth ${name}: runs to its end`, () => {
      throw error;
    });
  }
  return ending;
}

const endSlow = await part('slow', beginSlow);
for (const [name, run] of Object.entries(parts)) await part(name, run);
await endSlow?.();
finish();
