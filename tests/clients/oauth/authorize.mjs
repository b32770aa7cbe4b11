// The authorization endpoint: what may be asked, and who is told when it may not. A fault in the app
// or in its redirect URI is shown to the person and goes nowhere; everything else goes back to the
// app with `error`, `state` and `iss` (RFC 6749 section 4.1.2.1, RFC 9207, RFC 9700 section 4.11).
import assert from 'node:assert/strict';
import { check } from '../checks.mjs';
import { CALLBACK, app, assertErrorRedirect, newApp, random, request } from './app.mjs';
import { SURFACES, scene } from './scene.mjs';

/** Asks, and expects a page that sends nobody anywhere. */
async function assertPage(changes, client, tell = '') {
  const { url } = await request(changes, client);
  const answer = await scene.owner.request(url);
  const told = `${tell} ${url.search}`;
  const isRefusal = answer.status >= 400 && answer.status < 500;
  assert.ok(isRefusal, `it answers ${answer.status} ${answer.location ?? ''} to ${told}`);
  assert.equal(answer.headers.location, undefined, told);
  assert.equal(answer.headers.refresh, undefined, told);
  assert.match(answer.headers['content-type'] ?? '', /^text\/html/, told);
  assert.doesNotMatch(answer.text, /<meta[^>]+http-equiv=["']?refresh/i, told);
  assert.doesNotMatch(answer.text, /href=["']?(javascript|data|https?:\/\/evil)/i, told);
}

/** The same for many requests; all that are answered otherwise are told together. */
async function assertPages(all, client) {
  const taken = [];
  for (const changes of all) await assertPage(changes, client).catch(() => taken.push(changes.redirect_uri));
  assert.deepEqual(taken, [], 'these were taken');
}

/** Asks, and expects to be sent back to the app with one of `errors`. */
async function assertError(changes, errors, client) {
  const { url, sent } = await request(changes, client);
  const { leaves, page } = await scene.owner.open(url);
  assert.ok(leaves, `${url.search} shows a page (${page?.status} ${page?.url.pathname})`);
  assertErrorRedirect(leaves, sent, errors);
}

export async function authorize() {
  await check('oauth authorize: an unknown app is told to the person, not redirected', async () => {
    for (const client_id of ['nobody', 'cli_00000000000000000000000000', '', null, "x' OR 1=1", 'a\u0000b']) {
      await assertPage({ client_id }, undefined, 'unknown app');
    }
    const { client_id } = await app();
    await assertPage({ client_id: [client_id, 'nobody'] }, undefined, 'two apps');
  });

  await check('oauth authorize: a redirect URI that is not registered is not followed', async () => {
    const { client_id } = await app();
    const strange = [
      'https://evil.example/callback', `${CALLBACK}/more`, `${CALLBACK}?a=b`, `${CALLBACK}#part`,
      'http://127.0.0.1/', 'http://127.0.0.1/Callback', 'http://127.0.0.1//callback',
      'http://127.0.0.1/x/../callback', 'http://127.0.0.1/%63allback', 'https://127.0.0.1/callback',
      'http://localhost/callback', 'http://[::1]/callback', 'http://127.0.0.2/callback',
      'http://127.0.0.1.evil.example/callback', 'http://user@127.0.0.1/callback',
      'http://user:word@127.0.0.1:81/callback', 'http://127.0.0.1@evil.example/callback',
      'http://evil.example\\@127.0.0.1/callback', 'http://2130706433/callback', 'http://127.0.0.1:99999/callback',
      '//127.0.0.1/callback', '/callback', ' http://127.0.0.1/callback', 'http://127.0.0.1/callback\r\nX: y',
      'http:127.0.0.1/callback', 'http:/127.0.0.1/callback', 'http:\\\\127.0.0.1\\callback',
      'http://127.0.0.1\\callback', 'http://127.1/callback', 'http://0x7f.1/callback',
      'HTTP://127.0.0.1/callback', 'http://127.0.0.1:/callback',
      'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'not a url',
    ];
    await assertPages(strange.map((redirect_uri) => ({ client_id, redirect_uri })));
    await assertPage({ client_id, redirect_uri: [CALLBACK, 'https://evil.example/callback'] }, undefined, 'twice');
  });

  await check('oauth authorize: the port of a loopback address may be any, the rest may not', async () => {
    for (const redirect_uri of ['http://127.0.0.1:1/callback', 'http://127.0.0.1:65535/callback', CALLBACK]) {
      const { url, sent } = await request({ redirect_uri });
      await scene.owner.toConsent(url);
      const answer = await scene.owner.decide({ decision: 'deny' });
      assertErrorRedirect(answer.location, sent, 'access_denied');
    }
  });

  await check('oauth authorize: an https redirect URI is matched letter by letter', async () => {
    const exact = 'https://app.example.com/oauth/callback?keep=1';
    const client = await newApp({ redirect_uris: [exact, 'https://app.example.com/other'] });
    const near = [
      'https://app.example.com/oauth/callback', `${exact}&more=2`, 'https://app.example.com:443/oauth/callback?keep=1',
      'https://app.example.com:8443/oauth/callback?keep=1', 'https://APP.example.com/oauth/callback?keep=1',
      'https://app.example.com./oauth/callback?keep=1', 'https://app.example.com/oauth/callback/?keep=1',
      'https://sub.app.example.com/oauth/callback?keep=1', 'http://app.example.com/oauth/callback?keep=1',
      'https://app.example.com/oauth/./callback?keep=1', 'https://user@app.example.com/oauth/callback?keep=1',
    ];
    await assertPages(near.map((redirect_uri) => ({ redirect_uri })), client);
    // The exact one is followed, and its own query stays.
    const { url, sent } = await request({}, client);
    await scene.owner.toConsent(url);
    const { location } = await scene.owner.decide({ decision: 'deny' });
    assert.ok(location.href.startsWith(`${exact}&`), location.href);
    assert.equal(location.searchParams.get('error'), 'access_denied');
    assert.equal(location.searchParams.get('state'), sent.state);
  });

  await check('oauth authorize: PKCE with S256 is required', async () => {
    await assertError({ code_challenge: null, code_challenge_method: null }, 'invalid_request');
    await assertError({ code_challenge: null }, 'invalid_request');
    await assertError({ code_challenge: '' }, 'invalid_request');
    const verifier = random();
    await assertError({ code_challenge: verifier, code_challenge_method: 'plain' }, 'invalid_request');
    // Without a method it would be `plain` (RFC 7636 section 4.3).
    await assertError({ code_challenge_method: null }, 'invalid_request');
    for (const code_challenge_method of ['s256', 'S512', 'none', '']) {
      await assertError({ code_challenge_method }, 'invalid_request');
    }
    for (const code_challenge of ['short', `${verifier}=`, `${verifier}!`, 'x'.repeat(129)]) {
      await assertError({ code_challenge }, 'invalid_request');
    }
  });

  await check('oauth authorize: only codes are given', async () => {
    for (const response_type of ['token', 'id_token', 'code token', 'none']) {
      await assertError({ response_type }, ['unsupported_response_type', 'invalid_request', 'unauthorized_client']);
    }
    await assertError({ response_type: null }, ['invalid_request', 'unsupported_response_type']);
  });

  await check('oauth authorize: a resource of someone else is refused with invalid_target', async () => {
    const { origin } = new URL(scene.root);
    const foreign = [
      'https://evil.example/mcp', `${scene.mcp}#part`, `${origin}/nowhere`, `${origin}.evil.example/mcp`, 'mcp',
      'urn:x', `${scene.mcp}/../../etc`, scene.mcp.replace('://', '://user@'),
    ];
    const absent = SURFACES.filter((path) => !(path in scene.surfaces)).map((path) => `${origin}${path}`);
    for (const resource of [...foreign, ...absent]) await assertError({ resource }, 'invalid_target');
    await assertError({ resource: [scene.mcp, 'https://evil.example/mcp'] }, ['invalid_target', 'invalid_request']);
  });

  await check('oauth authorize: unknown scopes alone are refused, beside known ones they do no harm', async () => {
    await assertError({ scope: 'everything' }, 'invalid_scope');
    await assertError({ scope: 'assets:read"; drop' }, 'invalid_scope');
    const { url } = await request({ scope: 'account:read offline_access' });
    const { leaves } = await scene.owner.toConsent(url);
    assert.equal(leaves, undefined, `it goes to ${leaves}`);
  });

  await check('oauth authorize: a parameter that is sent twice is refused', async () => {
    for (const name of ['response_type', 'state', 'scope', 'code_challenge', 'code_challenge_method']) {
      const { sent } = await request({ scope: 'account:read' });
      const changes = { [name]: [sent[name], sent[name]] };
      const { url } = await request({ scope: 'account:read', ...changes });
      const { leaves } = await scene.owner.open(url);
      assert.equal(leaves?.searchParams.get('error'), 'invalid_request', `${name} twice leads to ${leaves}`);
    }
  });

  await check('oauth authorize: the state comes back exactly, whatever is in it, or not at all', async () => {
    const states = ['a b+c&d=e%20"<script>', 'ü€😀', 'x'.repeat(1000), '%2520', '{"a":1}', null];
    for (const state of states) {
      const { url, sent } = await request({ state });
      await scene.owner.toConsent(url);
      const { location } = await scene.owner.decide({ decision: 'deny' });
      assertErrorRedirect(location, sent, 'access_denied');
      await assertError({ state, code_challenge: null }, 'invalid_request');
    }
  });

  await check('oauth authorize: someone who is not signed in is asked to sign in first, and goes on', async () => {
    const { url } = await request();
    const answer = await fetch(url, { redirect: 'manual' });
    assert.equal(answer.status, 303);
    const to = new URL(answer.headers.get('location'), url);
    assert.equal(to.origin, new URL(scene.server.issuer).origin);
    assert.equal(to.pathname, '/sign-in');
    assert.equal(answer.headers.getSetCookie().length, 0, 'it sets a cookie');
  });
}
