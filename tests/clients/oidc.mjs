// Signing in with an OpenID provider (OpenID Connect Core 3.1, RFC 9700 section 4.4): people come in,
// come back, and nobody comes in with an answer that was not made for this browser and this moment.
// The studio's settings name the provider at AQUATINT_OIDC_PORT (see upstream.mjs); unless someone
// has started it there already, it is started here.
import assert from 'node:assert/strict';
import { Person, formTo, forms, words } from './browserless.mjs';
import { base, check, email, fail, finish } from './checks.mjs';
import { NAME, startUpstream } from './upstream.mjs';

const port = Number(process.env.AQUATINT_OIDC_PORT);
if (!port || !email) {
  fail('environment', 'set AQUATINT_OIDC_PORT (where the studio looks for the provider) and the email of an owner');
  finish();
}
const upstream = await startUpstream(port).catch((error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  return { issuer: `http://127.0.0.1:${port}`, stop() {} };
});
const START = `/sign-in/oidc/${NAME}`;
const run = Date.now();

/** Begins signing in: the address at the provider, as the studio made it. */
async function begin(person, next) {
  const answer = await person.request(next === undefined ? START : `${START}?${new URLSearchParams({ next })}`);
  assert.ok([302, 303].includes(answer.status), `${START} answers ${answer.status}: ${words(answer)}`);
  assert.equal(answer.location.origin, upstream.issuer);
  return answer.location;
}

/** Goes through the provider's own pages as `login`; gives the address back at the studio. */
async function throughProvider(person, address, login) {
  let at = await person.request(address);
  for (let step = 0; step < 12; step += 1) {
    if (at.location?.origin === person.base.origin) return at.location;
    if (at.location) {
      at = await person.request(at.location);
      continue;
    }
    const form = forms(at).find((form) => form.fields.some((field) => field.name === 'prompt'));
    assert.ok(form, `no form at the provider (${at.status}): ${words(at)}`);
    const isLogin = form.fields.some((field) => field.name === 'login');
    at = await person.submit(form, isLogin ? { login, password: 'any' } : {});
  }
  throw new Error('the provider does not come to an end');
}

/** The whole way in. */
async function signIn(login, next) {
  const person = new Person(base);
  const back = await throughProvider(person, await begin(person, next), login);
  return { person, back, answer: await person.request(back) };
}
const whoIs = async (person) => {
  const answer = await person.apiAnswer('GET', '/me');
  return answer.status === 200 ? answer.json().user : undefined;
};
async function assertNobody({ person, answer }, why) {
  assert.equal(await whoIs(person), undefined, `${why}: somebody is signed in`);
  assert.ok(answer.status < 500, `${why}: ${answer.status}`);
}

await check('oidc: the sign-in page offers it', async () => {
  const { page } = await new Person(base).open('/sign-in');
  assert.match(page.text, new RegExp(`${START}["?]`));
  assert.match(page.text, /Corp/);
  assert.ok(formTo(page, '/sign-in'), 'the password form is gone');
});

await check('oidc: the request has state, nonce and PKCE, and no other address to come back to', async () => {
  const person = new Person(base);
  const [first, second] = [await begin(person), await begin(person)];
  const { searchParams: asked } = first;
  assert.equal(asked.get('response_type'), 'code');
  assert.equal(asked.get('code_challenge_method'), 'S256');
  assert.equal(new URL(asked.get('redirect_uri')).pathname, `${START}/callback`);
  for (const scope of ['openid', 'email']) assert.ok(asked.get('scope').split(' ').includes(scope));
  for (const name of ['state', 'nonce', 'code_challenge']) {
    assert.ok(asked.get(name)?.length >= 22, `${name} is ${asked.get(name)}`);
    assert.notEqual(asked.get(name), second.searchParams.get(name), `${name} is the same twice`);
  }
  assert.equal(asked.get('client_secret'), null);
});

await check('oidc: a provider that is not in the settings is not there', async () => {
  assert.equal((await new Person(base).request('/sign-in/oidc/nobody')).status, 404);
});

let ada;
await check('oidc: a new person is made and signed in', async () => {
  const { person, answer } = await signIn(`ada${run}`);
  assert.equal(answer.status, 303, words(answer));
  assert.equal(answer.location.origin, person.base.origin);
  ada = await whoIs(person);
  assert.equal(ada?.email, `ada${run}@corp.example`);
  assert.equal(ada.name, `Person ada${run}`);
  assert.equal(ada.has_password, false);
  assert.equal(ada.is_operator, false);
  const { workspaces } = await person.api('GET', '/me');
  assert.ok(workspaces.length > 0, 'the person has no workspace');
});

await check('oidc: the same person comes in again', async () => {
  const { person } = await signIn(`ada${run}`);
  assert.equal((await whoIs(person))?.user_id, ada.user_id);
});

await check('oidc: the person is known by the subject, not by the address', async () => {
  const { person } = await signIn(`ada${run} verified ada.new${run}@corp.example`);
  assert.equal((await whoIs(person))?.user_id, ada.user_id);
  // Somebody else with the address that ada had does not become ada.
  const other = await signIn(`eve${run} unverified ada${run}@corp.example`);
  assert.notEqual((await whoIs(other.person))?.user_id, ada.user_id);
});

await check('oidc: an address that is not verified takes over no account', async () => {
  const { person, answer } = await signIn(`mallory${run} unverified ${email}`);
  assert.notEqual((await whoIs(person))?.email, email, 'the owner was taken over');
  assert.ok(answer.status < 500, String(answer.status));
  const upper = await signIn(`mallory2${run} unverified ${email.toUpperCase()}`);
  assert.notEqual((await whoIs(upper.person))?.email?.toLowerCase(), email.toLowerCase());
});

await check('oidc: the person goes where they wanted, and never to another site', async () => {
  const inside = await signIn(`ada${run}`, '/app/jobs');
  assert.equal(inside.answer.location.pathname, '/app/jobs');
  for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example']) {
    const { answer, person } = await signIn(`ada${run}`, next);
    assert.equal(answer.location.origin, person.base.origin, `next=${next} leads to ${answer.location}`);
  }
});

await check('oidc: an answer with another state, or none, signs nobody in', async () => {
  for (const state of ['another', '', null]) {
    const person = new Person(base);
    const back = await throughProvider(person, await begin(person), `ada${run}`);
    if (state === null) back.searchParams.delete('state');
    else back.searchParams.set('state', state);
    await assertNobody({ person, answer: await person.request(back) }, `state=${state}`);
  }
});

await check('oidc: an answer in another browser signs nobody in', async () => {
  // Otherwise an attacker could sign a victim in as the attacker.
  const attacker = new Person(base);
  const back = await throughProvider(attacker, await begin(attacker), `mallory${run}`);
  const victim = new Person(base);
  await begin(victim);
  await assertNobody({ person: victim, answer: await victim.request(back) }, 'the answer of another browser');
});

await check('oidc: an ID token with another nonce signs nobody in', async () => {
  for (const nonce of ['another', null]) {
    const person = new Person(base);
    const address = await begin(person);
    if (nonce === null) address.searchParams.delete('nonce');
    else address.searchParams.set('nonce', nonce);
    const back = await throughProvider(person, address, `ada${run}`);
    await assertNobody({ person, answer: await person.request(back) }, `nonce=${nonce}`);
  }
});

await check('oidc: a code that was asked for with another challenge signs nobody in', async () => {
  const person = new Person(base);
  const address = await begin(person);
  address.searchParams.set('code_challenge', 'x'.repeat(43));
  const back = await throughProvider(person, address, `ada${run}`);
  await assertNobody({ person, answer: await person.request(back) }, 'another challenge');
});

await check('oidc: an answer of another provider signs nobody in', async () => {
  const person = new Person(base);
  const back = await throughProvider(person, await begin(person), `ada${run}`);
  assert.ok(back.searchParams.get('iss'), 'this provider sends iss');
  back.searchParams.set('iss', 'https://evil.example');
  await assertNobody({ person, answer: await person.request(back) }, 'another iss');
});

await check('oidc: an ID token with a wrong signature, or none, signs nobody in', async () => {
  for (const kind of ['forged', 'unsigned']) await assertNobody(await signIn(`ada${run} ${kind}`), kind);
});

await check('oidc: an answer works once', async () => {
  const { person, back } = await signIn(`ada${run}`);
  const cookies = new Map(person.cookies);
  person.cookies.clear();
  await assertNobody({ person, answer: await person.request(back) }, 'without its cookies');
  for (const [name, cookie] of cookies) if (!name.includes('session')) person.cookies.set(name, cookie);
  const again = await person.request(back);
  const isRefused = again.status >= 400 || again.location?.pathname.startsWith('/sign-in');
  assert.ok(isRefused, `it answers ${again.status} ${again.location}`);
});

await check('oidc: an error of the provider is told, and nothing of it is markup', async () => {
  const person = new Person(base);
  const state = (await begin(person)).searchParams.get('state');
  const told = { error: 'access_denied', error_description: '<script>alert(1)</script>', state, iss: upstream.issuer };
  const error = new URLSearchParams(told);
  const answer = await person.request(`${START}/callback?${error}`);
  const { page } = answer.location ? await person.open(answer.location) : { page: answer };
  assert.doesNotMatch(page.text, /<script>alert/);
  await assertNobody({ person, answer }, 'an error');
});

upstream.stop();
finish();
