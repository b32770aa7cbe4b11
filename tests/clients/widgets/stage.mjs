// A stage for widgets: Chromium with the host's page, and what the checks do on it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { fail, finish } from '../checks.mjs';
import { pages } from './pages.mjs';

const { AQUATINT_CHROMIUM: program, AQUATINT_PICTURES: pictures } = process.env;
if (!program || !pictures) {
  fail('environment', 'set AQUATINT_CHROMIUM and AQUATINT_PICTURES (a folder)');
  finish();
}
mkdirSync(pictures, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 20_000;

const site = await pages();
const browser = await chromium.launch({
  executablePath: program,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
const context = await browser.newContext({ viewport: { width: 800, height: 700 }, reducedMotion: 'reduce' });
context.setDefaultTimeout(WAIT_MS);
export const page = await context.newPage();
/** What the policy or a script complained about since it was last looked at. */
export const wrong = [];
page.on('console', (message) => {
  // The host's own frame, as every host that follows the specification has it.
  if (['error', 'warning'].includes(message.type()) && !message.text().includes('allow-same-origin')) wrong.push(message.text());
});
page.on('pageerror', (error) => wrong.push(String(error)));
await context.exposeBinding('tellViolation', (_, text) => wrong.push(text));
await context.addInitScript(() => {
  document.addEventListener('securitypolicyviolation', (event) => window.tellViolation(`policy: ${event.violatedDirective} ${event.blockedURI}`));
});
await page.goto(site.url);
await page.waitForFunction(() => window.host);

/** Calls something of the host in its page. */
const host = (name) => (...args) => page.evaluate(([what, given]) => window.host[what](...given), [name, args]);
export const [connect, tools, input, change, teardown, call, plainCall, read, list] =
  ['connect', 'tools', 'input', 'change', 'teardown', 'call', 'plainCall', 'read', 'list'].map(host);
export const seen = () => page.evaluate(() => window.host.seen);
export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Shows a widget; complaints about an earlier one are forgotten. */
export async function show(name, options = {}) {
  // While a page is being written it can be shown as it was built last, without building the server.
  const file = name || options.uri.replace(/^.*\//, '').replace('job-result-frame', 'job');
  const html = process.env.AQUATINT_WIDGETS ? readFileSync(`${process.env.AQUATINT_WIDGETS}/${file}.html`, 'utf8') : undefined;
  await host('show')({ uri: `ui://aquatint/${name}`, html, ...options });
  wrong.length = 0;
}

/** An answer of a tool, as it stands on the wire. */
export const answer = (structuredContent, more = {}) => ({ content: [{ type: 'text', text: 'in words' }], structuredContent, ...more });
export const result = (structuredContent, more) => host('result')(answer(structuredContent, more));

/** The widget's own frame, inside the sandbox. */
export const inner = () => page.frames().find((frame) => frame.parentFrame()?.parentFrame());
export const button = (name) => inner().getByRole('button', { name, exact: typeof name === 'string' });
export const text = async () => (await inner().locator('main').innerText()).replace(/\s+/g, ' ');
export async function says(words) {
  await inner().getByText(words).first().waitFor().catch(async () => assert.fail(`it does not say ${words}: ${await text()}`));
}
/** Waits until something is true, and tells what was true in its place. */
export async function until(what, probe, patience = WAIT_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) assert.fail(`${what}; it shows: ${await text().catch(() => 'nothing')}`);
    await pause(60);
  }
}
/** Every picture in the widget is there. */
export const hasPictures = (count, patience) => until(`${count} pictures`, () => inner().evaluate(
  (wanted) => { const all = [...document.images]; return all.length >= wanted && all.every((one) => one.complete && one.naturalWidth > 0); }, count,
), patience);

/** Nothing was complained about, nothing is wider than its frame, axe finds nothing serious; in both themes. */
export async function isSound(name, { dark = true, complaints = [] } = {}) {
  const look = async (theme) => {
    await pause(150);
    await page.screenshot({ path: `${pictures}/widget-${name}${theme}.png`, fullPage: true });
    const found = await inner().evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] }).then((all) => all.violations
      .filter((one) => ['serious', 'critical'].includes(one.impact))
      .map((one) => one.id + ' at ' + one.nodes.map((node) => node.target.join(' ')).join(', ')))`);
    assert.deepEqual(found, [], `${name}${theme}: axe`);
    const [content, width] = await inner().evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(content <= width, `${name}${theme} is ${content} px wide in a frame of ${width} px`);
  };
  await look('');
  if (dark) {
    await change({ theme: 'dark' });
    await look('-dark');
    const background = await inner().evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(background, 'rgb(32, 32, 29)', `${name} does not wear the host's dark paper`);
    await change({ theme: 'light' });
  }
  const left = wrong.filter((one) => !complaints.some((known) => known.test(one)));
  assert.deepEqual(left, [], `${name}: the browser complained`);
}

export async function end() {
  await browser.close();
  site.close();
}
