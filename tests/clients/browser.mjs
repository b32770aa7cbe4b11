// The browser of the checks of pages: started once for each script, a context for each person, and what every page owes.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { fail, finish } from './checks.mjs';

const { AQUATINT_CHROMIUM: program } = process.env;
/** The link that sets the studio up, and the folder that screenshots go to. */
export const { AQUATINT_SETUP: setup, AQUATINT_PICTURES: pictures } = process.env;
if (!setup || !program || !pictures) {
  fail('environment', 'set AQUATINT_SETUP (the set-up link), AQUATINT_CHROMIUM and AQUATINT_PICTURES (a folder)');
  finish();
}
mkdirSync(pictures, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 15_000;

export const browser = await chromium.launch({
  executablePath: program,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

/**
 * A page of a new person: `wrong` collects what the policy or a script complained about, and `look` keeps a picture under
 * `prefix`, of the `whole` page if asked for. The other options are those of the browser's context.
 */
export async function visitor({ prefix = '', whole = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.wrong = [];
  const note = (text) => page.wrong.push(text);
  page.on('console', (message) => {
    // A refusal that a check asked for is reported by the browser as a failed resource.
    const asked = /status of 4\d\d/.test(message.text());
    if (message.type() === 'error' && !asked) note(message.text());
  });
  page.on('pageerror', (error) => note(String(error)));
  await context.exposeBinding('tellViolation', (_, text) => note(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => window.tellViolation(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  page.look = (name) => page.screenshot({ path: `${pictures}/${prefix}${name}.png`, fullPage: whole });
  return page;
}

/** Nothing wrong was noted, and nothing is wider than the window. */
export async function isCalm(page, name) {
  assert.deepEqual(page.wrong, [], `${name}: the browser complained`);
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth, document.documentElement.clientWidth,
  ]);
  assert.ok(content <= window, `${name} is ${content} px wide in a window of ${window} px`);
}

/** The same, with a picture; and axe finds nothing serious. */
export async function isSound(page, name) {
  await page.look(name);
  await isCalm(page, name);
  // Over the DevTools protocol, so that the page's own policy stays as it is.
  const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] }).then((all) => all.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => one.id + ' at ' + one.nodes.map((node) => node.target.join(' ')).join(', ')))`);
  assert.deepEqual(found, [], `${name}: axe`);
}

export const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });
/** A call as the page itself makes it. */
export const api = (page, path) => page.evaluate(async (address) => (await fetch(address)).json(), `/api/v1${path}`);
/** The same, for one that changes something. */
export const send = (page, path, body, method = 'POST') => page.evaluate(async ([address, text, verb]) => {
  const { csrf_token: token } = await (await fetch('/api/v1/me')).json();
  const headers = { 'content-type': 'application/json', 'x-csrf-token': token };
  const answer = await fetch(address, { method: verb, headers, body: verb === 'POST' ? text : undefined });
  return { status: answer.status, body: await answer.json() };
}, [`/api/v1${path}`, JSON.stringify(body ?? {}), method]);
/** Whoever has the set-up link becomes the owner. */
export async function setUp(page, who) {
  await page.goto(setup);
  for (const [name, value] of Object.entries(who)) await page.fill(`[name=${name}]`, value);
  await page.click('button');
  await page.waitForURL('**/app/welcome');
}
