// The pages as a person meets them, in a real browser: set up, connect, read the reference.
import assert from 'node:assert/strict';
import { browser, isCalm, setup, visitor } from './browser.mjs';
import { base, check, finish } from './checks.mjs';

/** A page of its own that notes what went wrong in it; `look` keeps a picture of it. */
async function visit(url, options = {}) {
  const page = await visitor({ whole: true, viewport: { width: 1200, height: 900 }, ...options });
  page.answer = await page.goto(url);
  return page;
}
const isSound = (page) => isCalm(page, 'the page');

await check('pages: the front page tells how to begin and how to connect', async () => {
  const page = await visit(`${base}/`);
  const text = await page.textContent('main');
  for (const words of ['set-up link', 'Claude Code', 'Cursor', 'VS Code', 'Codex', `${base}/mcp`]) {
    assert.ok(text.includes(words), `the front page does not say: ${words}`);
  }
  await page.look('front');
  await isSound(page);
});

await check('pages: a weak password is refused with a reason, and what was typed stays', async () => {
  const page = await visit(setup);
  await page.fill('[name=name]', 'Ada <b>Lovelace</b>');
  await page.fill('[name=email]', 'ada@example.com');
  // Past the browser's own checks, as a program would.
  await page.evaluate(() => document.querySelector('form').setAttribute('novalidate', ''));
  await page.fill('[name=password]', 'short');
  await page.click('button');
  assert.match(await page.textContent('[role=alert]'), /10/);
  assert.equal(await page.inputValue('[name=name]'), 'Ada <b>Lovelace</b>');
  await page.look('set-up-refused');
  await isSound(page);
});

await check('pages: the set-up link makes an owner, who lands in the web app, signed in', async () => {
  const page = await visit(setup);
  await page.look('set-up');
  await page.fill('[name=name]', 'Ada');
  await page.fill('[name=email]', 'ada@example.com');
  await page.fill('[name=password]', 'correct horse battery staple');
  await page.click('button');
  await page.waitForURL(`${base}/app/welcome`);
  await page.look('ready');
  await isSound(page);
  const status = await page.evaluate(async () => (await fetch('/api/v1/account/credits')).status);
  assert.equal(status, 200);
});

await check('pages: the link works once', async () => {
  const page = await visit(setup);
  assert.ok(page.answer.status() >= 400);
  assert.equal(await page.locator('form').count(), 0);
  await page.look('set-up-again');
  const front = await visit(`${base}/`);
  assert.ok(!(await front.textContent('main')).includes('set-up link'));
  await isSound(page);
});

await check('pages: the reference shows every operation of the OpenAPI document', async () => {
  const document = await (await fetch(`${base}/api/v1/openapi.json`)).json();
  const page = await visit(`${base}/api/v1/reference`);
  const routes = await page.locator('code.route').allTextContents();
  assert.ok(routes.length >= 30, `${routes.length} routes`);
  for (const route of routes) {
    const [method, path] = route.split(' ');
    assert.ok(document.paths[path]?.[method.toLowerCase()], `${route} is not in the document`);
  }
  await page.look('reference');
  await isSound(page);
});

await check('pages: narrow windows and dark mode are fine', async () => {
  for (const path of ['/', '/api/v1/reference']) {
    const page = await visit(`${base}${path}`, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    await page.look(`narrow${path.replaceAll('/', '-')}`);
    await isSound(page);
  }
});

await check('pages: they keep to a strict policy', async () => {
  for (const path of ['/', '/api/v1/reference', '/nowhere']) {
    const { headers } = await fetch(`${base}${path}`, { headers: { accept: 'text/html' } });
    const policy = headers.get('content-security-policy') ?? '';
    assert.ok(policy.includes("default-src 'none'") || policy.includes("default-src 'self'"), `${path}: ${policy}`);
    assert.ok(!policy.includes('unsafe'), policy);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
  }
});

await browser.close();
finish();
