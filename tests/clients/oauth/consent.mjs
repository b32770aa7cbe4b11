// Consent: no app gets a code unless the person said yes on this page, in this session, just now
// (RFC 9700 section 4.7, MCP security best practices on confused deputies).
import assert from 'node:assert/strict';
import { Person, send, words } from '../browserless.mjs';
import { base, check } from '../checks.mjs';
import { CALLBACK, assertErrorRedirect, code, newApp, redeem, request } from './app.mjs';
import { anotherPerson, anotherSession, scene } from './scene.mjs';

/** An answer that gives the app no code. */
function assertNoCode(answer) {
  assert.doesNotMatch(answer.location?.href ?? '', /[?&]code=/, 'a code was given');
}
/** An answer that tells the app nothing at all. */
function assertTurnedAway(answer, why) {
  assertNoCode(answer);
  const told = `${answer.status} ${answer.location ?? ''}`;
  assert.ok(answer.status >= 400 || answer.location?.origin === new URL(base).origin, `${why}: ${told}`);
}

export async function consent() {
  const { owner } = scene;
  const NAME = 'Evil <b>Corp</b> <script>alert(1)</script> \u202Etxt';
  const stranger = await newApp({ client_name: NAME, redirect_uris: ['https://evil.example/take', CALLBACK] });
  const ask = async (changes, client = stranger) => {
    const asked = await request(changes, client);
    const { leaves } = await owner.toConsent(asked.url);
    assert.equal(leaves, undefined, `it goes to ${leaves} without a word`);
    return asked;
  };

  await check('oauth consent: the session is a cookie that no script and no other site gets', () => {
    const cookies = [...owner.cookies.values()];
    assert.ok(cookies.length > 0);
    for (const { name, value, marks } of cookies) {
      assert.ok('httponly' in marks, `${name} is open to scripts`);
      assert.match(marks.samesite ?? '', /^(lax|strict)$/i, name);
      assert.ok(!('domain' in marks), `${name} goes to other hosts`);
      assert.ok(value.length >= 22, `${name} is short`);
    }
  });

  await check('oauth consent: a new app with a live session sees the page, and no cookie is set before', async () => {
    const { url } = await request({}, stranger);
    const before = JSON.stringify([...owner.cookies]);
    const way = await owner.toConsent(url);
    assert.equal(way.leaves, undefined);
    assert.equal(JSON.stringify([...owner.cookies]), before, 'a cookie was set');
  });

  await check('oauth consent: the page names the app as text, its host, the scopes and the workspaces', async () => {
    await ask({ scope: 'account:read generate' });
    const { page, workspaces } = owner.consent;
    assert.doesNotMatch(page.text, /<script>alert|<b>Corp/i, 'the name is markup');
    assert.doesNotMatch(page.text, /\u202E/, 'the name turns the text around');
    assert.match(page.text, /Evil/);
    assert.match(page.text, /evil\.example/, 'the host of the redirect is not shown');
    const text = page.text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
    assert.match(text, /spends credits/, 'what `generate` allows is not said');
    assert.match(text, /balances and usage/i, 'what `account:read` allows is not said');
    assert.doesNotMatch(text, /public share links/, 'a scope is shown that was not asked for');
    const offered = workspaces.map((field) => field.value);
    assert.ok(offered.includes(scene.standard) && offered.includes(scene.picked), `it offers ${offered}`);
    const checked = workspaces.filter((field) => 'checked' in field).map((field) => field.value);
    assert.deepEqual(checked, [scene.standard], 'the default workspace is not the one that is chosen');
  });

  await check('oauth consent: the page can neither be framed nor kept, and its form may lead to the app', async () => {
    await ask();
    const { headers } = owner.consent.page;
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(headers['cache-control'] ?? '', /no-store/);
    assert.doesNotMatch(policy, /unsafe/);
    // Chromium holds redirects after a form to `form-action` as well: with 'self' alone the code never arrives.
    const allowed = /form-action ([^;]*)/.exec(policy)?.[1];
    const reaches = allowed === undefined || /(^| )(https:|\*|https:\/\/evil\.example\S*)( |$)/.test(allowed);
    assert.ok(reaches, `form-action is ${allowed}, and the redirect goes to https://evil.example`);
  });

  await check('oauth consent: a person who allows is sent back with code, state and iss', async () => {
    const { sent } = await ask();
    const { status, location } = await owner.decide();
    assert.equal(status, 303);
    assert.ok(location.href.startsWith(`${sent.redirect_uri}?`));
    assert.match(location.searchParams.get('code'), /^aqt_cod_/);
    assert.equal(location.searchParams.get('state'), sent.state);
    assert.equal(location.searchParams.get('iss'), scene.server.issuer);
    assert.deepEqual([...location.searchParams.keys()].sort(), ['code', 'iss', 'state']);
    assert.equal(location.hash, '');
  });

  await check('oauth consent: a person who denies is sent back with access_denied', async () => {
    const { sent } = await ask();
    const { location } = await owner.decide({ decision: 'deny' });
    assertErrorRedirect(location, sent, 'access_denied');
  });

  await check('oauth consent: an app that was allowed once still has to ask', async () => {
    const client = await newApp();
    await redeem(await code({}, { client }));
    const { url } = await request({}, client);
    const way = await owner.toConsent(url);
    assert.equal(way.leaves, undefined, `without a word it goes to ${way.leaves}`);
  });

  await check('oauth consent: the answer needs the CSRF token of the page', async () => {
    await ask();
    for (const csrf of [null, '', 'x'.repeat(43)]) {
      assertTurnedAway(await owner.decide({ changes: { csrf } }), `csrf=${csrf}`);
    }
  });

  await check('oauth consent: the answer is refused when another site sends it', async () => {
    const { port } = new URL(base);
    const others = [
      'https://evil.example', 'null', `${base}.evil.example`, 'https://127.0.0.1', `http://evil.example:${port}`,
    ];
    for (const origin of others) {
      await ask();
      const answer = await owner.decide({ headers: { origin } });
      assertTurnedAway(answer, `Origin ${origin}`);
    }
  });

  await check('oauth consent: looking at the page approves nothing', async () => {
    await ask();
    const { page, form } = owner.consent;
    const url = new URL(page.url);
    for (const field of form.fields) if (field.type === 'hidden') url.searchParams.set(field.name, field.value);
    url.searchParams.set('decision', 'allow');
    url.searchParams.set('workspace', scene.standard);
    const answer = await owner.request(url);
    assert.equal(answer.location, undefined, `it goes to ${answer.location}`);
  });

  await check('oauth consent: a request that one person began cannot be answered by another', async () => {
    // The attacker has the request, the victim the live session: neither the page nor the form may work.
    await ask();
    const { page, form } = owner.consent;
    const id = form.fields.find((field) => field.name === 'request').value;
    const { person: victim } = await anotherPerson('member');
    const shown = await victim.request(page.url);
    assert.ok(shown.status >= 400 || shown.location, `the page of another person is shown (${shown.status})`);
    const { url } = await request({}, stranger);
    await victim.toConsent(url);
    assertTurnedAway(await victim.decide({ changes: { request: id } }), 'a request of another person');
    // Without any session there is nothing to answer with.
    const nobody = new Person(base);
    assertTurnedAway(await nobody.submit(form, { decision: 'allow', workspace: scene.standard }), 'without a session');
  });

  await check('oauth consent: a request is answered once', async () => {
    await ask();
    const first = await owner.decide();
    assert.match(first.location.href, /[?&]code=/);
    assertTurnedAway(await owner.decide(), 'a second yes');
    await ask();
    await owner.decide({ decision: 'deny' });
    assertTurnedAway(await owner.decide(), 'a yes after a no');
  });

  await check('oauth consent: a workspace of someone else, or none, cannot be picked', async () => {
    for (const workspace of ['wsp_00000000000000000000000000', 'x', scene.picked.toUpperCase()]) {
      await ask();
      assertNoCode(await owner.decide({ changes: { workspace } }));
    }
    for (const decision of ['', 'maybe', null]) {
      await ask();
      assertNoCode(await owner.decide({ changes: { decision } }));
    }
  });

  await check('oauth consent: someone signed out answers nothing', async () => {
    const person = await anotherSession();
    const { url } = await request({}, stranger);
    await person.toConsent(url);
    const { csrf_token: csrf } = await person.api('GET', '/me');
    const out = await person.request('/sign-out', { method: 'POST', body: new URLSearchParams({ csrf }) });
    assert.ok(out.status < 400, `signing out answers ${out.status}: ${words(out)}`);
    assert.equal((await person.apiAnswer('GET', '/me')).status, 401);
    assertNoCode(await person.decide());
  });

  await check('oauth consent: after signing in, people stay on this site', async () => {
    for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example']) {
      const person = new Person(base, owner);
      const answer = await person.signIn(next);
      assert.equal(answer.location.origin, new URL(base).origin, `next=${next} leads to ${answer.headers.location}`);
      assert.doesNotMatch(answer.headers.location, /^(\/\/|\/\\|javascript)/);
    }
  });

  await check('oauth consent: an API key is no session', async () => {
    const made = await owner.api('POST', '/keys', { name: 'consent test' });
    const headers = { authorization: `Bearer ${made.secret}` };
    const { url } = await request({}, stranger);
    const answer = await send(url, { headers });
    assert.equal(answer.location?.pathname, '/sign-in');
    await ask();
    const { form } = owner.consent;
    const body = new URLSearchParams(form.fields.map((field) => [field.name, field.value]));
    body.set('decision', 'allow');
    assertNoCode(await send(form.action, { method: 'POST', headers: { ...headers, origin: base }, body }));
    await owner.api('DELETE', `/keys/${made.key_id}`);
  });
}
