// A person without a browser: signs in by forms, keeps cookies as a browser would, and decides on
// the consent page. Cookies that a browser would drop are refused here too, because tests that are
// kinder than browsers prove nothing.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

const STEPS = 12; // redirects on the way to a page
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** One HTTP request, sent as given: no redirect is followed and no header is added but the length. */
export function send(url, { method = 'GET', headers = {}, body } = {}) {
  const target = new URL(url);
  const bytes = body === undefined ? undefined : Buffer.from(body instanceof URLSearchParams ? body.toString() : body);
  const all = { host: target.host, ...headers };
  if (bytes) all['content-length'] = bytes.length;
  if (body instanceof URLSearchParams) all['content-type'] ??= 'application/x-www-form-urlencoded';
  return new Promise((done, broken) => {
    const { request } = target.protocol === 'https:' ? https : http;
    const sent = request(target, { method, headers: all, agent: false, timeout: 60_000 }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', broken);
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const location = answer.headers.location && new URL(answer.headers.location, target);
        const json = () => JSON.parse(text);
        done({ url: target, status: answer.statusCode, headers: answer.headers, text, json, location });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer from ${target.href} in 60 s`)));
    sent.on('error', broken);
    sent.end(bytes);
  });
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** The characters that a text in HTML stands for. */
export function unescape(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi, (_, hex, number, name) =>
    name ? ENTITIES[name.toLowerCase()] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(number)),
  );
}
const ATTRIBUTE = /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
function attributes(tag) {
  const found = {};
  for (const [, name, quoted, single, bare] of tag.matchAll(ATTRIBUTE)) {
    found[name.toLowerCase()] = unescape(quoted ?? single ?? bare ?? '');
  }
  return found;
}
/** The forms of a page: where they go, and their fields and buttons by their attributes. */
export function forms(page) {
  return [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag, inside]) => {
    const { action = '', method = 'get' } = attributes(tag);
    const parts = [...inside.matchAll(/<(input|button)\b([^>]*)>/gi)].map(([, kind, tag]) => ({
      kind: kind.toLowerCase(),
      ...attributes(tag),
    }));
    return {
      action: new URL(action, page.url),
      method: method.toUpperCase(),
      fields: parts.filter((part) => part.kind === 'input' && part.name && part.type !== 'submit'),
      buttons: parts.filter((part) => part.kind === 'button' || part.type === 'submit'),
    };
  });
}
/** What a browser would send for an untouched form. */
export function values(form) {
  const chosen = form.fields.filter((field) => !['radio', 'checkbox'].includes(field.type) || 'checked' in field);
  return Object.fromEntries(chosen.map((field) => [field.name, field.value ?? '']));
}
/** The form of a page that goes to `path`. */
export function formTo(page, path) {
  return forms(page).find((form) => form.action.pathname === path);
}

export class Person {
  constructor(base, { email, password } = {}) {
    this.base = new URL(base);
    this.email = email;
    this.password = password;
    this.cookies = new Map();
    /** The consent page that was last seen. */
    this.consent = undefined;
  }

  /** The Cookie header for an address. As in browsers, ports do not tell hosts apart. */
  cookie(url) {
    const { hostname, pathname } = new URL(url);
    const fit = [...this.cookies.values()].filter(
      (cookie) =>
        cookie.host === hostname &&
        (pathname === cookie.path || pathname.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`)),
    );
    return fit.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ');
  }

  #keep(answer) {
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair, ...rest] = line.split(';').map((part) => part.trim());
      const cut = pair.indexOf('=');
      const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
      const marks = Object.fromEntries(
        rest.map((part) => [part.split('=')[0].toLowerCase(), part.split('=').slice(1).join('=')]),
      );
      // As Chromium and Firefox have it, loopback is as good as https.
      const isSafe = answer.url.protocol === 'https:' || LOOPBACK.includes(answer.url.hostname);
      const isWhole = 'secure' in marks && marks.path === '/' && !('domain' in marks);
      assert.ok(isSafe || !('secure' in marks), `a browser drops this Secure cookie that came over http: ${name}`);
      assert.ok(!name.startsWith('__Host-') || isWhole, `a browser drops this cookie: ${line}`);
      const path = marks.path?.startsWith('/') ? marks.path : answer.url.pathname.replace(/\/[^/]*$/, '') || '/';
      const host = answer.url.hostname;
      const isOver = Number(marks['max-age'] ?? 1) <= 0 || (marks.expires && Date.parse(marks.expires) <= Date.now());
      if (isOver) this.cookies.delete(`${host} ${path} ${name}`);
      else this.cookies.set(`${host} ${path} ${name}`, { name, value, path, host, marks });
    }
    return answer;
  }

  /** A request with the person's cookies; `headers` can say otherwise. */
  async request(url, { method = 'GET', headers = {}, body } = {}) {
    const target = new URL(url, this.base);
    const own = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'user-agent': 'Mozilla/5.0 (browserless)' };
    const cookie = this.cookie(target);
    if (cookie) own.cookie = cookie;
    if (method !== 'GET') own.origin = target.origin;
    return this.#keep(await send(target, { method, headers: { ...own, ...headers }, body }));
  }

  /** Opens an address and follows redirects within its site: ends at a page, or at the way out as `leaves`. */
  async open(url) {
    return this.#follow(await this.request(url));
  }

  async #follow(first) {
    let answer = first;
    for (let step = 0; step < STEPS; step += 1) {
      if (!(answer.status >= 300 && answer.status < 400 && answer.location)) return { page: answer };
      if (answer.location.origin !== answer.url.origin) return { leaves: answer.location, answer };
      answer = await this.request(answer.location);
    }
    throw new Error(`more than ${STEPS} redirects, the last to ${answer.location.href}`);
  }

  /** Sends a form with its own values and some changed ones; a value of `null` leaves the field out. */
  submit(form, changes = {}, headers = {}) {
    const filled = Object.entries({ ...values(form), ...changes }).filter(([, value]) => value !== null);
    return this.request(form.action, { method: form.method, headers, body: new URLSearchParams(filled) });
  }

  /** Signs in on the sign-in page, and gives the answer to the form. */
  async signIn(next) {
    const path = next === undefined ? '/sign-in' : `/sign-in?${new URLSearchParams({ next })}`;
    const { page } = await this.open(path);
    return this.#fillSignIn(page);
  }

  async #fillSignIn(page) {
    const form = page && formTo(page, '/sign-in');
    assert.ok(form, `no sign-in form at ${page?.url.href} (${page?.status})`);
    const answer = await this.submit(form, { email: this.email, password: this.password });
    assert.ok([302, 303].includes(answer.status), `signing in answers ${answer.status}: ${words(answer)}`);
    assert.notEqual(answer.location.pathname, '/sign-in', 'signing in leads back to the sign-in page');
    return answer;
  }

  /** An operation of the web app; fails unless it succeeds. */
  async api(method, path, body) {
    const answer = await this.apiAnswer(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path} answers ${answer.status}: ${words(answer)}`);
    return answer.text ? answer.json() : undefined;
  }

  async apiAnswer(method, path, body) {
    const headers = { accept: 'application/json', 'sec-fetch-site': 'same-origin' };
    if (method !== 'GET') {
      this.csrf ??= (await this.api('GET', '/me')).csrf_token;
      Object.assign(headers, { 'content-type': 'application/json', 'x-csrf-token': this.csrf });
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.request(`/api/v1${path}`, { method, headers, body: text });
  }

  /** Goes from an authorisation address to the consent page, signing in on the way; or to where it leaves. */
  async toConsent(url) {
    let way = await this.open(url);
    if (way.page && formTo(way.page, '/sign-in')) way = await this.#follow(await this.#fillSignIn(way.page));
    if (way.page) {
      const form = formTo(way.page, '/oauth/consent');
      assert.ok(form, `no consent form at ${way.page.url.pathname} (${way.page.status}): ${words(way.page)}`);
      this.consent = {
        page: way.page,
        form,
        workspaces: form.fields.filter((field) => field.name === 'workspace'),
      };
    }
    return way;
  }

  /** Decides on the consent page that was last seen; gives the answer. */
  decide({ workspace, decision = 'allow', changes = {}, headers = {} } = {}) {
    const { form, workspaces } = this.consent;
    if (workspace) {
      const offered = workspaces.map((field) => field.value);
      assert.ok(offered.includes(workspace), `the page offers ${offered}, not ${workspace}`);
    }
    return this.submit(form, { decision, ...(workspace ? { workspace } : {}), ...changes }, headers);
  }

  /** The whole way of an app: authorise, consent, and the address that the app's window goes to. */
  async authorize(url, choice = {}) {
    const { leaves } = await this.toConsent(url);
    if (leaves) return leaves;
    const answer = await this.decide(choice);
    assert.ok([302, 303].includes(answer.status), `consent answers ${answer.status}: ${words(answer)}`);
    return answer.location;
  }
}

/** The words of an answer, for messages. */
export function words(answer) {
  const body = answer.text.replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, ' ');
  return body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 200);
}
