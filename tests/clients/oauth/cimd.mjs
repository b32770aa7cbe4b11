// Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): the app's id is the
// address of its own description. Here the description comes over http from loopback, at
// AQUATINT_CIMD_PORT, from where the server must be allowed to fetch.
import assert from 'node:assert/strict';
import http from 'node:http';
import { check } from '../checks.mjs';
import { CALLBACK, assertAlive, assertRefused, code, redeem, request, token } from './app.mjs';
import { scene } from './scene.mjs';

/** A web server of app descriptions: what stands under each path, and how often it was asked for. */
export async function describer() {
  const pages = new Map();
  const asked = [];
  const server = http.createServer((got, answer) => {
    asked.push(got.url);
    const page = pages.get(got.url) ?? { status: 404 };
    answer.writeHead(page.status ?? 200, { 'content-type': page.type ?? 'application/json', ...page.headers });
    answer.end(page.body ?? '');
  });
  await new Promise((done, broken) => {
    server.once('error', broken);
    server.listen(Number(process.env.AQUATINT_CIMD_PORT), '127.0.0.1', done);
  });
  const root = `http://127.0.0.1:${server.address().port}`;
  return {
    asked,
    /** Puts an app's description under a path, with changes; `page` changes the answer itself. */
    put(path, changes = {}, page = {}) {
      const client_id = `${root}${path}`;
      const whole = {
        client_id, client_name: 'Described app', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], ...changes,
      };
      pages.set(path, { body: JSON.stringify(whole), ...page });
      return { client_id, redirect_uris: [CALLBACK] };
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function cimd() {
  const web = await describer();
  await check('oauth cimd: the address of a description is an app', async () => {
    const client = web.put('/apps/good.json', { client_name: 'Good <i>app</i>' });
    const { url } = await request({}, client);
    const way = await scene.owner.toConsent(url);
    assert.equal(way.leaves, undefined, `it goes to ${way.leaves}`);
    const { text } = scene.owner.consent.page;
    assert.doesNotMatch(text, /<i>app/, 'the name is markup');
    assert.match(text, /127\.0\.0\.1/, 'the page does not say where the app is from');
    await assertAlive(await redeem(await code({}, { client })));
  });

  await check('oauth cimd: only the redirect URIs of the description are followed', async () => {
    const client = web.put('/apps/good.json');
    for (const redirect_uri of ['https://evil.example/callback', 'http://127.0.0.1/other', `${CALLBACK}?x`]) {
      const { url } = await request({ redirect_uri }, client);
      const answer = await scene.owner.request(url);
      assert.ok(answer.status >= 400 && !answer.location, `${redirect_uri}: ${answer.status} ${answer.location}`);
    }
  });

  await check('oauth cimd: another app cannot redeem its code', async () => {
    const fields = await code({}, { client: web.put('/apps/good.json') });
    const { client_id } = web.put('/apps/other.json');
    assertRefused(await token({ ...fields, client_id }), 'invalid_grant');
  });

  const bad = {
    'that names another id': [{ client_id: 'https://evil.example/app.json' }],
    'without an id': [{ client_id: undefined }],
    'without a name': [{ client_name: undefined }],
    'without redirect URIs': [{ redirect_uris: [] }],
    'with a script for a redirect URI': [{ redirect_uris: ['javascript:alert(1)', CALLBACK] }],
    'with a shared secret': [{ token_endpoint_auth_method: 'client_secret_post', client_secret: 'x' }],
    'that is too large': [{ padding: 'x'.repeat(20_000) }],
    'that is no JSON': [{}, { body: '<html>' }],
    'that is a list': [{}, { body: '[]' }],
    'that is not there': [{}, { status: 404 }],
    'that fails': [{}, { status: 500 }],
    'that is elsewhere': [{}, { status: 302, headers: { location: '/apps/moved.json' }, body: '' }],
  };
  let place = 0;
  for (const [what, [changes, page]] of Object.entries(bad)) {
    await check(`oauth cimd: a description ${what} is refused, and nobody is redirected`, async () => {
      const client = web.put(`/apps/bad${(place += 1)}.json`, changes, page);
      web.put('/apps/moved.json', { client_id: client.client_id });
      const { url } = await request({}, client);
      const answer = await scene.owner.request(url);
      assert.ok(answer.status >= 400 && answer.status < 500, `it answers ${answer.status} ${answer.location ?? ''}`);
      assert.equal(answer.headers.location, undefined);
    });
  }

  await check('oauth cimd: addresses that no description may have are not even asked for', async () => {
    const { client_id } = web.put('/apps/good.json');
    const { port } = new URL(client_id);
    web.put('/');
    const before = web.asked.length;
    const strange = [
      `http://127.0.0.1:${port}`, `http://127.0.0.1:${port}/`, `${client_id}#part`,
      client_id.replace('://', '://user:word@'), `http://127.0.0.1:${port}/apps/../apps/good.json`,
      `http://127.0.0.1:${port}/apps/./good.json`, 'http://169.254.169.254/latest/meta-data',
      'http://10.0.0.1/app.json', 'http://evil.example/app.json', 'ftp://127.0.0.1/app.json', 'file:///etc/passwd',
      'https://', 'https:/x', 'https://127.0.0.1/app.json', 'https://[::1]/app.json', 'https://localhost/app.json',
    ];
    for (const id of strange) {
      const { url } = await request({}, { client_id: id, redirect_uris: [CALLBACK] });
      const answer = await scene.owner.request(url);
      assert.ok(answer.status >= 400 && !answer.location, `${id}: ${answer.status} ${answer.location}`);
    }
    assert.deepEqual(web.asked.slice(before), []);
  });

  await check('oauth cimd: a description is kept for a while', async () => {
    const client = web.put('/apps/kept.json');
    for (let time = 0; time < 3; time += 1) await scene.owner.toConsent((await request({}, client)).url);
    const times = web.asked.filter((path) => path === '/apps/kept.json').length;
    assert.equal(times, 1, `it was fetched ${times} times`);
  });
  web.stop();
}
