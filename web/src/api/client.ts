/** The one place that talks HTTP: JSON in and out, the CSRF header, and problems as exceptions. */
import { Problem } from './problem';

const ROOT = '/api/v1';
let csrfToken = '';
let publicUrl = '';

type Scalar = string | number | boolean;
export type Query = Record<string, Scalar | null | undefined>;

interface Options {
  query?: Query | undefined;
  body?: unknown;
  /** Sent as `Idempotency-Key`, so that a call that is sent twice is done once. */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What `GET /me` told: needed by every call that changes something. */
export function prove(token: string, url: string): void {
  csrfToken = token;
  publicUrl = url.replace(/\/+$/, '');
}

/** The token that forms outside the API need. */
export function csrf(): string {
  return csrfToken;
}

/**
 * A media or upload URL of this server as seen from this page. The server writes its public URL into them; the page may
 * have been opened under another name (a tunnel, localhost), and its policy only lets it load from its own origin.
 */
export function here(url: string | undefined | null): string {
  if (!url) return '';
  if (publicUrl && url.startsWith(`${publicUrl}/`)) return url.slice(publicUrl.length);
  return url;
}

function address(path: string, query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return `${ROOT}${path}${text ? `?${text}` : ''}`;
}

async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') {
    headers['Content-Type'] = 'application/json';
    headers['X-CSRF-Token'] = csrfToken;
  }
  if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey;
  let answer: Response;
  try {
    answer = await fetch(address(path, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      body: method === 'POST' ? JSON.stringify(options.body ?? {}) : null,
      signal: options.signal ?? null,
    });
  } catch (thrown) {
    if (options.signal?.aborted) throw thrown;
    throw Problem.offline();
  }
  if (answer.status === 401) return signInAgain();
  const text = await answer.text();
  if (!answer.ok) throw Problem.read(answer.status, text);
  return (text ? JSON.parse(text) : {}) as T;
}

/** The session is over: back to the sign-in page, and from there to where we are. Never answers. */
export function signInAgain(): Promise<never> {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>('GET', path, { query, signal });
export const post = <T>(path: string, body?: unknown, options: Omit<Options, 'body'> = {}) =>
  call<T>('POST', path, { ...options, body });
export const del = <T>(path: string) => call<T>('DELETE', path);

/** A part of a path that came from data. */
export const part = (id: string) => encodeURIComponent(id);
