// The web app as a person meets it, in a real browser against a new server: set up, upload, look, make, share, invite.
// The checks build on one another, in this order; each says what it saw when it fails.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { api, browser, button, isSound, setUp, visitor } from './browser.mjs';
import { base, check, finish } from './checks.mjs';
import { disc } from './picture.mjs';

const ada = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' };
const ben = { name: 'Ben Okri', email: 'ben@example.com', password: 'quite another long password' };

const person = (options) => visitor({ prefix: 'app-', ...options });

async function open(page, path) {
  await page.goto(`${base}/app${path}`);
  await page.locator('h1').first().waitFor({ state: 'attached' });
}
async function signIn(page, who) {
  await page.fill('[name=email]', who.email);
  await page.fill('[name=password]', who.password);
  await page.click('button[type=submit], form button');
}
const tiles = (page) => page.getByRole('list', { name: /Assets/ }).getByRole('listitem');
async function count(page, number) {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('ul[aria-label^="Assets"] > li').length === wanted, number,
  ).catch(async () => assert.equal(await tiles(page).count(), number, 'tiles'));
}
/** What an authenticator app shows now (RFC 6238). */
function totp(secret) {
  const bits = [...secret.replace(/=+$/, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', key).update(step).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

const page = await person();

await check('app: without a session every place leads to the sign-in page, and back', async () => {
  const stranger = await person();
  await stranger.goto(`${base}/app/usage?by=model`);
  assert.equal(new URL(stranger.url()).pathname, '/sign-in');
  assert.equal(new URL(stranger.url()).searchParams.get('next'), '/app/usage?by=model');
  await stranger.context().close();
});

await check('app: set-up signs in and shows how to connect an agent', async () => {
  await setUp(page, ada);
  await page.getByRole('heading', { name: 'Connect an agent' }).waitFor();
  const text = await page.textContent('main');
  for (const words of [`claude mcp add aquatint --transport http ${base}/mcp`, 'Cursor', 'VS Code', 'ChatGPT', 'Codex']) {
    assert.ok(text.includes(words), `the welcome page does not say: ${words}`);
  }
  await isSound(page, 'welcome');
});

await check('app: it keeps to a strict policy', async () => {
  const answer = await page.goto(`${base}/app/library`);
  const policy = answer.headers()['content-security-policy'] ?? '';
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) {
    assert.ok(policy.includes(part), `${part} is not in: ${policy}`);
  }
  assert.ok(!policy.includes('unsafe'), policy);
});

await check('app: an empty library says what to do', async () => {
  await open(page, '/library');
  await page.getByRole('heading', { name: 'Your library is empty' }).waitFor();
  await isSound(page, 'library-empty');
});

await check('app: sign-out ends the session, signing in goes where one wanted to', async () => {
  await button(page, 'Account').click();
  await button(page, 'Sign out').click();
  await page.waitForURL('**/sign-in**');
  await page.goto(`${base}/app/jobs`);
  await signIn(page, ada);
  await page.waitForURL('**/app/jobs');
  await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
});

await check('app: files come in by the picker and by dropping', async () => {
  await open(page, '/library');
  // One after the other, because two at a time may arrive in any order.
  await page.locator('input[type=file]').first().setInputFiles([{ name: 'wide disc.png', mimeType: 'image/png', buffer: disc(640, 320) }]);
  await count(page, 1);
  await page.locator('input[type=file]').first().setInputFiles([
    { name: 'tall disc.png', mimeType: 'image/png', buffer: disc(300, 500, 60) },
    { name: 'no picture.txt', mimeType: 'text/plain', buffer: Buffer.from('words') },
  ]);
  await page.getByText('Only pictures, videos, sounds and 3D models can be uploaded.').waitFor();
  await count(page, 2);
  const dropped = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], 'dropped disc.png', { type: 'image/png' }));
    return transfer;
  }, [...disc(400, 400, 120)]);
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: dropped });
  await page.getByText('Drop to upload').waitFor();
  await page.dispatchEvent('main', 'drop', { dataTransfer: dropped });
  await count(page, 3);
  await page.waitForFunction(() => [...document.querySelectorAll('main li img')].every((image) => image.complete && image.naturalWidth > 0));
  await page.getByRole('region', { name: 'Uploads' }).getByRole('button', { name: 'Close' }).click();
  await isSound(page, 'library');
});

await check('app: the rows of the library are full and keep the shapes of the pictures', async () => {
  const shapes = await tiles(page).evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map((box) => box.width / box.height));
  const wanted = [1, 300 / 500, 2];
  shapes.forEach((shape, index) => assert.ok(Math.abs(shape - wanted[index]) < 0.03, `tile ${index} is ${shape}, not ${wanted[index]}`));
});

await check('app: search and filters narrow the library and stand in the address', async () => {
  await page.getByPlaceholder('Search titles').fill('tall');
  await page.waitForURL('**q=tall**');
  await count(page, 1);
  await page.reload();
  await count(page, 1);
  await page.getByPlaceholder('Search titles').fill('nothing has this title');
  await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
  await page.getByRole('link', { name: 'Clear all filters' }).click();
  await count(page, 3);
  await button(page, /^Filters/).click();
  await page.getByLabel('Source').selectOption('generate');
  await page.waitForURL('**source=generate**');
  await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
  await button(page, /^Remove filter/).click();
  await count(page, 3);
});

await check('app: the lightbox opens by link, moves by keys, and keeps a new title and tags', async () => {
  await tiles(page).first().getByRole('link').click();
  const lightbox = page.getByRole('dialog');
  await lightbox.getByRole('heading', { name: 'dropped disc' }).waitFor();
  await page.keyboard.press('ArrowRight');
  await lightbox.getByRole('heading', { name: 'tall disc' }).waitFor();
  const zoom = lightbox.getByRole('button', { name: /^Actual size/ });
  const fitted = await zoom.textContent();
  await page.keyboard.press('+');
  assert.notEqual(await zoom.textContent(), fitted);
  await lightbox.getByLabel('Title').fill('An upright disc');
  await lightbox.getByLabel('Title').press('Enter');
  await lightbox.getByRole('heading', { name: 'An upright disc' }).waitFor();
  await lightbox.getByLabel('Add a tag').fill('Discs');
  await lightbox.getByLabel('Add a tag').press('Enter');
  await button(lightbox, 'Remove tag discs').waitFor();
  await page.reload();
  await lightbox.getByRole('heading', { name: 'An upright disc' }).waitFor();
  await button(lightbox, 'Remove tag discs').waitFor();
  await isSound(page, 'lightbox');
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => url.pathname === '/app/library');
});

await check('app: several are chosen by click, Shift and keys', async () => {
  await open(page, '/library');
  await count(page, 3);
  const boxes = page.getByRole('checkbox', { name: /^Select/ });
  await boxes.nth(0).click({ force: true });
  await boxes.nth(2).click({ force: true, modifiers: ['Shift'] });
  await page.getByText('3 selected').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('3 selected').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+a');
  await page.getByText('3 selected').waitFor();
  await isSound(page, 'selected');
  await page.keyboard.press('Escape');
});

await check('app: trash, undo, restore, and delete for good', async () => {
  const boxes = page.getByRole('checkbox', { name: /^Select/ });
  await boxes.nth(0).click({ force: true });
  await button(page, 'Trash').click();
  await count(page, 2);
  await button(page, 'Undo').click();
  await count(page, 3);
  await boxes.nth(0).click({ force: true });
  await boxes.nth(1).click({ force: true });
  await button(page, 'Trash').click();
  await count(page, 1);
  await open(page, '/trash');
  await count(page, 2);
  await isSound(page, 'trash');
  await page.getByRole('checkbox', { name: 'Select An upright disc' }).click({ force: true });
  await button(page, 'Restore').click();
  await count(page, 1);
  await button(page, 'Select all').click();
  await button(page, 'Delete for good').click();
  await page.locator('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await page.getByRole('heading', { name: 'The trash is empty' }).waitFor();
  await open(page, '/library');
  await count(page, 2);
});

await check('app: a picture is generated, with its price before and its progress after', async () => {
  await open(page, '/create');
  await page.getByLabel('Prompt').fill('a perfume bottle on sand, golden hour');
  await page.getByText(/Costs up to/).waitFor();
  await isSound(page, 'create');
  await button(page, 'Generate').click();
  await page.getByRole('region', { name: 'Results' }).getByRole('link').first().waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Library' }).first().click();
  await count(page, 3);
  await tiles(page).first().getByRole('link').click();
  const lightbox = page.getByRole('dialog');
  await lightbox.getByText('a perfume bottle on sand, golden hour').first().waitFor();
  await button(lightbox, 'With changes').click();
  await page.waitForURL('**/app/create?from=**');
  await page.waitForFunction(() => document.querySelector('textarea')?.value.startsWith('a perfume bottle'));
});

await check('app: an edit is made from a generated form and compared', async () => {
  await open(page, '/library');
  await tiles(page).nth(1).getByRole('link').click();
  await page.getByRole('dialog').getByRole('link', { name: 'Edit' }).click();
  await page.waitForURL('**/app/edit/**');
  await button(page, 'Enhance').click();
  await isSound(page, 'edit');
  await button(page, 'Apply').click();
  await page.getByRole('heading', { name: 'The result' }).waitFor({ timeout: 60_000 });
  await page.getByRole('slider', { name: 'Line between before and after' }).press('ArrowLeft');
  await isSound(page, 'edit-result');
  const first = page.url();
  await button(page, 'Continue with the result').click();
  await page.waitForURL((url) => url.href !== first);
});

await check('app: erase sends what was painted', async () => {
  await button(page, 'Erase').click();
  const canvas = page.getByLabel('Mask: paint over what should change');
  await canvas.waitFor();
  await button(page, 'Apply').click();
  await page.getByText('Paint over what should change first.').waitFor();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5, { steps: 6 });
  await page.mouse.up();
  const [sent] = await Promise.all([page.waitForRequest('**/api/v1/edit/erase'), button(page, 'Apply').click()]);
  assert.match(sent.postDataJSON().mask, /^data:image\/png;base64,/);
  assert.ok(sent.headers()['idempotency-key']);
  await page.getByRole('heading', { name: 'The result' }).waitFor({ timeout: 60_000 });
  await page.look('erased');
});

await check('app: a video is begun from a chosen picture, cancelled, and tried again', async () => {
  await open(page, '/create');
  await page.locator('button[aria-haspopup=dialog]').click();
  await button(page, /^Pan and zoom/).click();
  await button(page, 'Choose').click();
  await page.locator('dialog').getByRole('button', { name: 'wide disc' }).click();
  await page.getByLabel('Length, seconds').fill('10');
  await button(page, 'Generate').click();
  const results = page.getByRole('region', { name: 'Results' });
  await button(results, 'Cancel').click();
  await button(results, 'Try again').first().click();
  await results.locator('li').first().getByRole('link').click({ timeout: 60_000 });
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
  await isSound(page, 'video');
});

await check('app: jobs are listed with their details', async () => {
  await open(page, '/jobs');
  await page.locator('main .tag', { hasText: 'Succeeded' }).nth(2).waitFor();
  await isSound(page, 'jobs');
  await button(page, 'Enhance').click();
  await page.locator('dialog').getByText('charged').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Failed' }).click();
  await page.getByRole('heading', { name: 'No failed jobs' }).waitFor();
});

await check('app: usage is charted, listed and exported', async () => {
  await open(page, '/usage');
  await page.getByRole('img', { name: /Credits spent by day/ }).waitFor();
  await page.getByRole('cell', { name: 'Generate', exact: true }).first().waitFor();
  await isSound(page, 'usage');
  await button(page, 'Operation').click();
  await page.getByRole('list', { name: 'Credits spent by operation' }).getByText('Erase').waitFor();
  const [saved] = await Promise.all([page.waitForEvent('download'), button(page, 'Export CSV').click()]);
  const lines = readFileSync(await saved.path(), 'utf8').trim().split('\r\n');
  assert.equal(lines[0], 'time,operation,model,credits,balance,key_id,job_id');
  assert.equal(lines.length, 5, 'four charges');
});

let shared;
await check('app: a collection is made from chosen assets, renamed, and shared with a password', async () => {
  await open(page, '/library');
  await page.getByRole('checkbox', { name: /^Select/ }).nth(0).click({ force: true });
  await page.getByRole('checkbox', { name: /^Select/ }).nth(1).click({ force: true });
  await button(page, 'Add to collection').click();
  await button(page, 'New collection').click();
  await page.getByLabel('Name').fill('Discs <b>and</b> more');
  await button(page, 'Create collection').click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await open(page, '/collections');
  await isSound(page, 'collections');
  await page.getByRole('link', { name: /Discs <b>and<\/b> more/ }).click();
  await count(page, 2);
  await isSound(page, 'collection');
  await button(page, 'More actions').click();
  await button(page, 'Rename').click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Discs');
  await button(page, 'Save').click();
  await page.getByRole('heading', { name: 'Discs', exact: true }).waitFor();
  await page.getByRole('checkbox', { name: /^Select/ }).nth(0).click({ force: true });
  await button(page, 'Take out').click();
  await count(page, 1);
  await button(page, 'Undo').click();
  await count(page, 2);
  await button(page, 'Share').click();
  await page.getByRole('combobox', { name: 'Password' }).selectOption('new');
  await page.getByLabel('Password for visitors').fill('open sesame');
  await isSound(page, 'share-dialog');
  await button(page, 'Create link').click();
  await page.getByRole('heading', { name: 'The link is ready' }).waitFor();
  shared = await page.locator('dialog code').textContent();
  await button(page, 'Done').click();
});

await check('app: a visitor needs the password, and sees nothing once the link is revoked', async () => {
  const visitor = await person();
  await visitor.goto(shared);
  await visitor.fill('[name=password]', 'wrong');
  await visitor.click('form button');
  await visitor.locator('[name=password]').waitFor();
  await visitor.fill('[name=password]', 'open sesame');
  await visitor.click('form button');
  await visitor.locator('main img, main video').first().waitFor();
  assert.equal(await visitor.locator('main img, main video').count(), 2);
  await isSound(visitor, 'share-page');
  await open(page, '/sharing');
  await page.getByText('Live').waitFor();
  await isSound(page, 'sharing');
  await button(page, 'Discs').click();
  await page.waitForFunction(() => document.querySelectorAll('dialog li img, dialog li video').length === 2);
  await page.keyboard.press('Escape');
  await button(page, 'Actions for Discs').click();
  await button(page, 'Edit').click();
  await page.getByRole('combobox', { name: 'Password' }).selectOption('none');
  await page.getByRole('combobox', { name: 'Ends' }).selectOption('7');
  await button(page, 'Save').click();
  await page.getByText(/^Ends/).waitFor();
  const another = await person();
  await another.goto(shared);
  await another.locator('main img, main video').first().waitFor();
  await another.context().close();
  await button(page, 'Actions for Discs').click();
  await button(page, 'Revoke').click();
  await page.getByText('Revoked').waitFor();
  await visitor.goto(shared);
  assert.equal(await visitor.locator('main img, main video').count(), 0);
  await visitor.context().close();
});

await check('app: an API key is shown once, works, and is revoked', async () => {
  await open(page, '/settings/keys');
  await button(page, 'New key').click();
  await page.getByLabel('Name').fill('Build server');
  await isSound(page, 'key-dialog');
  await button(page, 'Make key').click();
  const secret = await page.locator('dialog code').textContent();
  const ask = () => fetch(`${base}/api/v1/account/credits`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal((await ask()).status, 200);
  await button(page, 'I have kept it').click();
  await isSound(page, 'keys');
  assert.ok(!(await page.content()).includes(secret), 'the secret is still in the page');
  await button(page, 'Revoke Build server').click();
  await page.locator('dialog').getByRole('button', { name: 'Revoke key' }).click();
  await page.getByRole('row', { name: /Build server/ }).getByText('Revoked').waitFor();
  assert.equal((await ask()).status, 401);
});

await check('app: an invitation is accepted, and a viewer sees no buttons that change anything', async () => {
  await open(page, '/settings/members');
  await button(page, 'Invite').click();
  await page.getByRole('radio', { name: /Viewer/ }).check();
  await button(page, 'Make invitation').click();
  const invitation = await page.locator('dialog code').textContent();
  await button(page, 'I have kept it').click();
  await page.getByText('Anyone with the link').waitFor();
  await isSound(page, 'members');

  const guest = await person();
  await guest.goto(invitation);
  for (const [name, value] of Object.entries(ben)) {
    if (await guest.locator(`[name=${name}]`).count()) await guest.fill(`[name=${name}]`, value);
  }
  await guest.look('invite');
  await guest.click('main button');
  await guest.waitForURL('**/app/**');
  await open(guest, '/library');
  await tiles(guest).first().waitFor();
  for (const name of ['Upload', 'Filters']) assert.equal(await button(guest, name).count(), name === 'Filters' ? 1 : 0, name);
  assert.equal(await guest.getByRole('link', { name: 'Create' }).count(), 0);
  assert.equal(await guest.getByRole('checkbox').count(), 0);
  await tiles(guest).first().getByRole('link').click();
  await guest.getByRole('dialog').getByText('File', { exact: true }).waitFor();
  for (const name of ['Move to trash', 'Share', 'Add to collection', 'Make again']) assert.equal(await button(guest, name).count(), 0, name);
  await isSound(guest, 'viewer');

  await page.reload();
  await page.getByLabel(`Role of ${ben.name}`).selectOption('member');
  await page.getByText(`${ben.name} is a member now.`).waitFor();
  await open(guest, '/library');
  await button(guest, 'Upload').waitFor();
  await guest.context().close();
});

await check('app: another workspace is made, entered, and left for the first one', async () => {
  await open(page, '/library');
  const first = (await api(page, '/me')).workspace.name;
  await button(page, /^Workspace:/).click();
  await button(page, 'New workspace').click();
  await page.getByLabel('Name').fill('Second studio');
  await button(page, 'Create workspace').click();
  await button(page, 'Workspace: Second studio').waitFor();
  await page.getByRole('heading', { name: 'Your library is empty' }).waitFor();
  await button(page, /^Workspace:/).click();
  await page.getByRole('button', { name: new RegExp(`${first}.*Owner`) }).click();
  await button(page, `Workspace: ${first}`).waitFor();
  await tiles(page).first().waitFor();
});

await check('app: name, sessions and the second step at sign-in', async () => {
  await open(page, '/settings');
  await page.getByLabel('Name').fill('Ada, Countess of Lovelace');
  await button(page, 'Save').click();
  await page.getByText('Name saved.').waitFor();
  await button(page, 'Turn on').click();
  const secret = await page.locator('dialog code').textContent();
  await page.waitForFunction(() => document.querySelector('dialog img')?.naturalWidth > 0);
  await isSound(page, 'totp');
  await page.getByLabel('Code from the app').fill(totp(secret.trim()));
  await button(page, 'Confirm').click();
  await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
  const [recovery] = (await page.locator('dialog code').textContent()).split('\n');
  await button(page, 'I have kept it').click();
  await page.getByText('On', { exact: true }).waitFor();

  const elsewhere = await person();
  await elsewhere.goto(`${base}/sign-in`);
  await signIn(elsewhere, ada);
  await elsewhere.waitForURL('**/sign-in/code**');
  await elsewhere.fill('[name=code]', recovery.trim());
  await elsewhere.click('main button');
  await elsewhere.waitForURL('**/app/library');
  await open(page, '/settings/sessions');
  await page.getByText('This one').waitFor();
  await isSound(page, 'sessions');
  await button(page, 'Sign out everywhere else').click();
  await page.getByText('Signed out everywhere else.').waitFor();
  await elsewhere.goto(`${base}/app/library`);
  assert.equal(new URL(elsewhere.url()).pathname, '/sign-in');
  await elsewhere.context().close();
});

await check('app: a colour scheme is chosen and kept', async () => {
  await open(page, '/library');
  await button(page, 'Account').click();
  await button(page, 'Dark').click();
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.reload();
  await page.locator('h1').first().waitFor();
  assert.equal(await paper(), dark);
  await button(page, 'Account').click();
  await button(page, 'Light').click();
  assert.notEqual(await paper(), dark);
});

await check('app: every page is sound, wide and light', async () => {
  for (const path of [
    '/settings', '/settings/workspace', '/settings/apps', '/admin', '/admin/users', '/admin/workspaces', '/admin/plans', '/admin/models', '/admin/activity', '/nowhere',
  ]) {
    await open(page, path);
    await page.waitForFunction(() => !document.querySelector('main .skeleton'));
    await isSound(page, `wide${path.replaceAll('/', '-')}`);
  }
});

await check('app: every page is sound on a small phone in the dark', async () => {
  const { cookies } = await page.context().storageState();
  const phone = await person({ viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true });
  await phone.context().addCookies(cookies);
  await open(phone, '/library');
  const asset = (await api(phone, '/assets?limit=1')).assets[0].asset_id;
  const { collections } = await api(phone, '/collections?limit=1');
  for (const path of [
    '/library', `/library/${asset}`, `/edit/${asset}`, '/create', '/collections', `/collections/${collections[0].collection_id}`, '/sharing',
    '/jobs', '/usage', '/trash', '/welcome', '/settings', '/settings/members', '/settings/keys', '/settings/providers', '/settings/workspace', '/admin',
    '/admin/users', '/admin/workspaces', '/admin/models', '/admin/activity',
  ]) {
    await open(phone, path);
    await phone.waitForFunction(() => !document.querySelector('main .skeleton, aside .skeleton'));
    await isSound(phone, `phone${path.replaceAll('/', '-').slice(0, 24)}`);
  }
  await phone.context().close();
});

await check('app: what a provider would bring is seen before there is a key', async () => {
  await open(page, '/settings/providers');
  await page.getByRole('button', { name: /^See the \d+ models of OpenAI$/ }).click();
  const models = page.locator('dialog');
  await models.getByText('image/openai/gpt-image-2', { exact: true }).waitFor();
  await models.getByRole('searchbox').fill('no such thing');
  await models.getByText('Nothing fits.').waitFor();
  await models.getByRole('searchbox').fill('');
  await isSound(page, 'provider-models');
  await models.getByRole('button', { name: 'Close' }).click();
});

await check('app: a collection is deleted and its assets stay', async () => {
  await open(page, '/collections');
  await page.getByRole('link', { name: /Discs/ }).click();
  await button(page, 'More actions').click();
  await button(page, 'Delete collection').click();
  await page.locator('dialog').getByRole('button', { name: 'Delete collection' }).click();
  await page.getByRole('heading', { name: 'No collections yet' }).waitFor();
  await open(page, '/library');
  await tiles(page).nth(4).waitFor();
  assert.deepEqual(page.wrong, []);
});

await browser.close();
finish();
