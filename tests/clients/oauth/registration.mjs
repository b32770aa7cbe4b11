// Dynamic registration (RFC 7591): the shapes that real clients send, and what is refused with which error.
import assert from 'node:assert/strict';
import { check } from '../checks.mjs';
import { register } from './app.mjs';

/** What clients of today register, as far as their redirect URIs matter. */
const REAL = {
  Claude: ['https://claude.ai/api/mcp/auth_callback'],
  ChatGPT: ['https://chatgpt.com/connector_platform_oauth_redirect'],
  'Visual Studio Code': [
    'http://127.0.0.1:33418', 'http://127.0.0.1:33418/', 'https://vscode.dev/redirect', 'http://localhost:33418/',
  ],
  Cursor: [
    'cursor://anysphere.cursor-mcp/oauth/callback', 'https://www.cursor.com/agents/mcp/oauth/callback',
    'http://localhost:8787/callback',
  ],
  'Command line': ['http://127.0.0.1:49152/callback', 'http://localhost:49152/callback', 'http://[::1]:49152/callback'],
};
const WRONG = [
  'javascript:alert(1)', 'JavaScript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,<script>alert(1)</script>',
  'vbscript:x', 'blob:https://evil.example/x', 'file:///etc/passwd', 'mailto:a@evil.example', 'about:blank',
  'ftp://evil.example/', 'ws://evil.example/', 'http://evil.example/callback',
  'http://127.0.0.1.evil.example/callback', 'http://10.0.0.1/callback', 'http://0.0.0.0/callback',
  'https://user@app.example.com/callback', 'https://user:word@app.example.com/callback',
  'http://a@127.0.0.1/callback', 'https://app.example.com/callback#part', 'http://127.0.0.1/callback#',
  'https://*.example.com/callback', 'https:///callback', '//app.example.com/callback', '/callback', 'callback', '',
  'https://app.example.com/call\u0000back', 'https://app.example.com/call\r\nback',
  ' https://app.example.com/callback', 'https://app.example.com\\@evil.example/', 'https:app.example.com/callback',
  'https:/app.example.com/callback', 'https:\\\\app.example.com\\callback', 'http:127.0.0.1/callback',
];

function assertError(answer, errors, told) {
  const said = `${told}: ${answer.status} ${answer.text.slice(0, 200)}`;
  assert.equal(answer.status, 400, said);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/, said);
  assert.ok([errors].flat().includes(answer.json().error), said);
}
const metadata = (changes = {}) => ({
  client_name: 'Registration tests',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
  ...changes,
});

export async function registration() {
  for (const [client_name, redirect_uris] of Object.entries(REAL)) {
    await check(`oauth register: ${client_name} can register`, async () => {
      const grant_types = ['authorization_code', 'refresh_token'];
      const answer = await register(metadata({ client_name, redirect_uris, grant_types, response_types: ['code'] }));
      assert.equal(answer.status, 201, answer.text);
      assert.match(answer.headers['cache-control'] ?? '', /no-store/);
      const made = answer.json();
      assert.ok(made.client_id);
      assert.equal(made.client_name, client_name);
      assert.deepEqual(made.redirect_uris, redirect_uris);
      assert.equal(made.token_endpoint_auth_method, 'none');
      assert.equal(made.client_secret, undefined, 'a public app has a secret');
      assert.ok(made.grant_types.includes('authorization_code'));
      assert.equal(typeof (made.client_id_issued_at ?? 0), 'number');
    });
  }

  await check('oauth register: there must be redirect URIs, and not too many or too long', async () => {
    const errors = ['invalid_redirect_uri', 'invalid_client_metadata'];
    const one = 'http://127.0.0.1/callback';
    for (const redirect_uris of [[], undefined, null, one, [1], [[one]]]) {
      assertError(await register(metadata({ redirect_uris })), errors, JSON.stringify(redirect_uris) ?? 'none');
    }
    const many = Array.from({ length: 200 }, (_, place) => `https://app.example.com/${place}`);
    assertError(await register(metadata({ redirect_uris: many })), errors, 'two hundred');
    const long = `https://app.example.com/${'x'.repeat(9000)}`;
    assertError(await register(metadata({ redirect_uris: [long] })), errors, 'nine thousand characters');
  });

  await check('oauth register: bodies that are none are refused', async () => {
    for (const body of ['{', '', '[]', 'null', '"x"', '{"redirect_uris":', '\u0000']) {
      assertError(await register(body), ['invalid_client_metadata', 'invalid_redirect_uri'], body);
    }
    const deep = '['.repeat(20_000);
    assertError(await register(deep), 'invalid_client_metadata', 'depth');
    const large = await register(metadata({ client_name: 'x'.repeat(2_000_000) })).catch((error) => error);
    // The connection may be closed on so large a body; if there is an answer, it is an error in JSON.
    if (large.status) {
      assert.ok([400, 413].includes(large.status), `two million bytes are answered with ${large.status}`);
      assert.ok(large.json().error);
    }
    const form = await register('redirect_uris=x', { 'content-type': 'application/x-www-form-urlencoded' });
    assert.ok(form.status >= 400 && form.status < 500, `a form is answered with ${form.status}`);
  });

  await check('oauth register: what the server cannot do is refused or replaced by what it can', async () => {
    const wishes = [
      { grant_types: ['implicit'], response_types: ['token'] },
      { grant_types: ['password'] },
      { grant_types: ['client_credentials'] },
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://evil.example/jwks' },
      { response_types: ['token'] },
    ];
    for (const wish of wishes) {
      const answer = await register(metadata(wish));
      if (answer.status === 201) {
        const made = answer.json();
        assert.ok(!/implicit|password|client_credentials/.test(made.grant_types), JSON.stringify(made));
        assert.ok(!/token/.test(made.response_types), JSON.stringify(made));
        assert.notEqual(made.token_endpoint_auth_method, 'private_key_jwt');
      } else {
        assertError(answer, ['invalid_client_metadata', 'unapproved_software_statement'], JSON.stringify(wish));
      }
    }
    for (const client_name of [1, {}, ['x']]) {
      assertError(await register(metadata({ client_name })), 'invalid_client_metadata', JSON.stringify(client_name));
    }
  });

  await check('oauth register: nothing of the metadata is given power', async () => {
    // Neither an id nor a scope nor a secret can be chosen, and unknown members are dropped (RFC 7591 section 2).
    const claimed = { client_id: 'pre-registered-test', client_secret: 'mine', is_trusted: true, owner: 'root' };
    const answer = await register(metadata(claimed));
    assert.equal(answer.status, 201, answer.text);
    const made = answer.json();
    assert.notEqual(made.client_id, 'pre-registered-test');
    assert.ok(!('is_trusted' in made) && !('owner' in made) && made.client_secret !== 'mine', answer.text);
  });

  await check('oauth register: redirect URIs that lead astray are refused', async () => {
    const taken = [];
    for (const wrong of WRONG) {
      const answer = await register(metadata({ redirect_uris: ['http://127.0.0.1/callback', wrong] }));
      if (answer.status === 429) throw new Error(`registering is limited after ${WRONG.indexOf(wrong)} refusals`);
      if (answer.status < 400) taken.push(wrong);
      else assertError(answer, 'invalid_redirect_uri', JSON.stringify(wrong));
    }
    assert.deepEqual(taken, [], 'these were taken');
  });
}
