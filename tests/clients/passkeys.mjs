// Passkeys as a person meets them: Chromium with virtual authenticators (WebDriver's section of WebAuthn, over the DevTools protocol)
// against a new server. The checks build on one another, in this order. What only the clock or a broken device brings
// about is checked in crates/server/tests/it/passkeys.rs.
import assert from 'node:assert/strict';
import { api, browser, button, isSound, setup, visitor } from './browser.mjs';
import { base, check, finish } from './checks.mjs';

/** Where passkeys work: a browser makes none for a numeric address. */
const home = base.replace('127.0.0.1', 'localhost');
const atHome = (url) => url.replace(base, home);

/**
 * A browser of one person. Unless it `offers`, it is one without
 * suggestions of passkeys: a virtual authenticator takes such an offer at once, before anybody could press a button.
 */
async function person({ offers = false, ...options } = {}) {
  const page = await visitor({ prefix: 'passkeys-', whole: true, viewport: { width: 1100, height: 900 }, ...options });
  const context = page.context();
  if (!offers) {
    await context.addInitScript(() => {
      if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    });
  }
  page.devices = await context.newCDPSession(page);
  await page.devices.send('WebAuthn.enable');
  return page;
}
/** A device of that person; it answers at once, for a person whom it knows, unless told otherwise. */
async function device(page, options = {}) {
  const { authenticatorId } = await page.devices.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true, ...options,
    },
  });
  const send = (method, more = {}) => page.devices.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return {
    answers: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    credentials: async () => (await send('getCredentials')).credentials,
    put: (credential) => send('addCredential', { credential }),
    forget: () => send('clearCredentials'),
    remove: () => send('removeVirtualAuthenticator'),
  };
}
const signsIn = (page) => button(page, 'Sign in with a passkey');
const instead = (page) => button(page, 'Use a passkey instead of a password');
async function signOut(page) {
  await page.goto(`${home}/app/library`);
  await button(page, 'Account').click();
  await button(page, 'Sign out').click();
  await page.waitForURL('**/sign-in**');
}
async function settings(page) {
  await page.goto(`${home}/app/settings`);
  await page.getByRole('heading', { name: 'Passkeys' }).waitFor();
}

const ada = await person();
let laptop;

await check('passkeys: at a numeric address the page says where they work, and a password still does', async () => {
  const page = await person();
  await page.goto(setup);
  const link = page.getByRole('link', { name: home });
  await link.waitFor();
  assert.equal(await link.getAttribute('href'), atHome(setup));
  assert.equal(await instead(page).count(), 0);
  assert.ok(await page.locator('[name=password]').isVisible());
  await isSound(page, 'numeric');
  await page.context().close();
});

await check('passkeys: without scripts there is no button, and the pages work', async () => {
  const page = await person({ javaScriptEnabled: false });
  for (const address of [atHome(setup), `${home}/sign-in`]) {
    await page.goto(address);
    assert.ok(await page.locator('[name=password]').isVisible());
    assert.equal(await page.locator('.passkey').isVisible(), false);
  }
  await page.context().close();
});

await check('passkeys: the pages that may run our script run no other', async () => {
  for (const address of [setup, `${base}/sign-in`]) {
    const { headers } = await fetch(address);
    const policy = headers.get('content-security-policy') ?? '';
    for (const piece of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(piece), `${piece} is not in: ${policy}`);
    }
    assert.ok(!policy.includes('unsafe'), policy);
  }
  const { headers } = await fetch(`${base}/`);
  assert.ok(!headers.get('content-security-policy').includes('script-src'), 'the front page needs no script');
});

await check('passkeys: set-up asks for name and address first, then makes the owner', async () => {
  laptop = await device(ada);
  await ada.goto(atHome(setup));
  await instead(ada).click();
  assert.equal(await ada.evaluate(() => document.activeElement.name), 'name', 'the empty field is pointed at');
  await ada.fill('[name=name]', 'Ada Lovelace');
  await ada.fill('[name=email]', 'ada@example');
  await instead(ada).click();
  await ada.getByRole('alert').filter({ hasText: 'email address' }).waitFor();
  await isSound(ada, 'set-up-refused');
  await ada.fill('[name=email]', 'ada@example.com');
  await isSound(ada, 'set-up');
  await instead(ada).click();
  await ada.waitForURL('**/app/welcome');
  const { user } = await api(ada, '/me');
  assert.deepEqual([user.email, user.has_password, user.passkey_count], ['ada@example.com', false, 1]);
  const [made] = await laptop.credentials();
  assert.deepEqual([made.rpId, made.isResidentCredential], ['localhost', true]);
  assert.equal(Buffer.from(made.userHandle, 'base64').toString(), user.user_id);
});

await check('passkeys: signing in with the button goes where one wanted to', async () => {
  await signOut(ada);
  await ada.goto(`${home}/app/usage?by=model`);
  await signsIn(ada).waitFor();
  await isSound(ada, 'sign-in');
  await signsIn(ada).click();
  await ada.waitForURL('**/app/usage?by=model');
  assert.equal((await api(ada, '/me')).user.email, 'ada@example.com');
});

await check('passkeys: the browser offers them by itself, for the email field', async () => {
  const page = await (await fetch(`${base}/sign-in`)).text();
  assert.match(page, /<input name="email"[^>]* autocomplete="username webauthn"/);
  const other = await person({ offers: true });
  const phone = await device(other);
  const [own] = await laptop.credentials();
  await phone.put(own);
  await other.goto(`${home}/app/jobs`);
  await other.waitForURL('**/app/jobs');
  assert.equal((await api(other, '/me')).user.email, 'ada@example.com');
  // Who does not take the offer has the button still.
  await phone.answers(false);
  await other.goto('about:blank');
  await other.context().clearCookies();
  await other.goto(`${home}/sign-in`);
  await signsIn(other).waitFor();
  await other.waitForTimeout(500);
  await phone.answers(true);
  await signsIn(other).click();
  await other.waitForURL('**/app/library');
  assert.deepEqual(other.wrong, []);
  await other.context().close();
});

await check('passkeys: an answer is good once, here, and as it was', async () => {
  await signOut(ada);
  // What the page sends, caught on its way.
  let sent;
  await ada.route('**/sign-in/passkey', async (route) => {
    sent = route.request().postDataJSON();
    await route.continue();
  });
  await signsIn(ada).click();
  await ada.waitForURL('**/app/library');
  await ada.unroute('**/sign-in/passkey');
  const cookie = (await ada.context().cookies(home)).find(({ name }) => name === 'aquatint_passkey');
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Lax', JSON.stringify(cookie));
  const post = async (body, more = {}) => {
    const headers = { 'content-type': 'application/json', cookie: `aquatint_passkey=${cookie.value}`, ...more };
    const answer = await fetch(`${base}/sign-in/passkey`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(!(answer.headers.get('set-cookie') ?? '').includes('aquatint_session'), 'somebody is signed in');
    return answer.status;
  };
  assert.equal(await post(sent), 401, 'a replay');
  assert.equal(await post(sent, { cookie: '' }), 410, 'from another browser');
  assert.equal(await post(sent, { origin: 'https://evil.example.com' }), 403, 'from another site');
  assert.equal(await post({ ...sent, kept: `${sent.kept.slice(0, -2)}AA` }), 410, 'with another challenge');
});

await check('passkeys: another challenge, another person and nobody verified are refused in the same words', async () => {
  const page = await person();
  const theirs = await device(page);
  const [own] = await laptop.credentials();
  const words = [];
  const tryIt = async () => {
    await page.goto(`${home}/sign-in`);
    await signsIn(page).click();
    await page.getByRole('alert').waitFor();
    words.push(await page.getByRole('alert').textContent());
  };
  // The right credential, and a challenge that the page was told by somebody else.
  await theirs.put(own);
  await page.route('**/sign-in/passkey/begin', async (route) => {
    const answer = await route.fetch();
    const question = await answer.json();
    question.options.challenge = Buffer.alloc(32, 7).toString('base64url');
    await route.fulfill({ response: answer, json: question });
  });
  await tryIt();
  await page.unroute('**/sign-in/passkey/begin');
  // Ada's credential id with a key of one's own, and a credential that nobody knows here.
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
  const forged = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
  for (const credential of [
    { ...own, privateKey: forged },
    { ...own, privateKey: forged, credentialId: Buffer.alloc(16, 9).toString('base64') },
  ]) {
    await theirs.forget();
    await theirs.put(credential);
    await tryIt();
  }
  assert.deepEqual(words, Array(3).fill('That passkey is not one for this studio. Sign in another way, then add a passkey under Settings.'));
  await isSound(page, 'sign-in-refused');
  assert.equal((await page.context().cookies(home)).some(({ name }) => name === 'aquatint_session'), false);
  await page.context().close();
});

await check('passkeys: settings list them, name them, and add one of another device', async () => {
  await settings(ada);
  const list = ada.locator('section').filter({ has: ada.getByRole('heading', { name: 'Passkeys' }) });
  await list.getByText('Chrome on Linux').waitFor();
  // The same device again: the browser knows that it has one.
  await button(ada, 'Add a passkey').click();
  await ada.getByText('This device has a passkey of yours already.').waitFor();
  await laptop.answers(false);
  const stick = await device(ada, { transport: 'usb' });
  await button(ada, 'Add a passkey').click();
  await ada.getByText('Passkey added').waitFor();
  assert.equal(await list.getByRole('listitem').count(), 2);
  await list.getByRole('button', { name: /^Rename/ }).last().click();
  await ada.getByLabel('Name', { exact: true }).last().fill('The key on my key ring');
  await isSound(ada, 'rename');
  await button(ada.locator('dialog'), 'Save').click();
  await list.getByText('The key on my key ring').waitFor();
  await isSound(ada, 'settings');
  assert.equal((await stick.credentials()).length, 1);
  await signOut(ada);
  await signsIn(ada).click();
  await ada.waitForURL('**/app/library');
  await settings(ada);
  await list.getByText('The key on my key ring').waitFor();
  ada.stick = stick;
});

await check('passkeys: a proof is asked for, and a passkey is one', async () => {
  // As the server answers ten minutes after signing in; then it is asked in earnest.
  let refusals = 0;
  await ada.route('**/api/v1/me/passkeys/*', async (route) => {
    if (route.request().method() !== 'DELETE' || refusals > 0) return route.continue();
    refusals += 1;
    return route.fulfill({
      status: 403, contentType: 'application/problem+json',
      body: JSON.stringify({ code: 'forbidden', message: 'Prove once more that it is you.', field: 'proof' }),
    });
  });
  await button(ada, 'Remove The key on my key ring').click();
  await button(ada.locator('dialog'), 'Remove').click();
  await ada.getByRole('heading', { name: 'Is it you?' }).waitFor();
  await isSound(ada, 'proof');
  await button(ada, 'Use a passkey').click();
  await ada.getByText('Passkey removed.').waitFor();
  await ada.unroute('**/api/v1/me/passkeys/*');
  assert.deepEqual([(await api(ada, '/me')).user.passkey_count, refusals], [1, 1]);
  await ada.stick.remove();
});

await check('passkeys: the only way in stays', async () => {
  await settings(ada);
  await button(ada, 'Remove Chrome on Linux').click();
  await button(ada.locator('dialog'), 'Remove').click();
  await ada.getByText('This passkey is the only way in that you have.').waitFor();
  await isSound(ada, 'only-way');
  assert.equal((await api(ada, '/me')).user.passkey_count, 1);
});

await check('passkeys: a guest joins with one, and comes back with it', async () => {
  const { url } = await ada.evaluate(async () => {
    const { csrf_token: token } = await (await fetch('/api/v1/me')).json();
    const headers = { 'content-type': 'application/json', 'x-csrf-token': token };
    const body = JSON.stringify({ email: 'ben@example.com', role: 'member' });
    return (await fetch('/api/v1/invites', { method: 'POST', headers, body })).json();
  });
  const ben = await person({ viewport: { width: 390, height: 780 }, colorScheme: 'dark' });
  await device(ben, { transport: 'hybrid' });
  await ben.goto(atHome(url));
  await ben.fill('[name=name]', 'Ben');
  await isSound(ben, 'invitation');
  await instead(ben).click();
  await ben.waitForURL('**/app/welcome');
  const me = await api(ben, '/me');
  assert.deepEqual([me.user.email, me.workspace.role, me.user.has_password], ['ben@example.com', 'member', false]);
  await ben.goto('about:blank');
  await ben.context().clearCookies();
  await ben.goto(`${home}/sign-in`);
  await isSound(ben, 'sign-in-phone');
  await signsIn(ben).click();
  await ben.waitForURL('**/app/library');
  await settings(ben);
  await isSound(ben, 'settings-phone');
  await ben.context().close();
});

await check('passkeys: a person who gives up is told so, and can try again', async () => {
  const page = await person();
  const theirs = await device(page, { isUserVerified: false });
  const [own] = await laptop.credentials();
  await theirs.put(own);
  await page.goto(`${home}/sign-in`);
  await signsIn(page).click();
  await page.getByRole('alert').filter({ hasText: 'No passkey was used' }).waitFor();
  assert.ok(await signsIn(page).isEnabled());
  await page.context().close();
});

await browser.close();
finish();
