// Passkeys on the pages before the web app: signing in, setting up, joining. Without this script, and where the browser has no
// passkeys, the pages work by password; then the part for passkeys stays hidden.
'use strict';
(() => {
  const part = document.querySelector('[data-passkey]');
  if (!part) return;
  // Beside this script stand all our addresses, also behind a proxy that puts a path before them.
  const root = new URL('.', document.currentScript.src);
  const { passkey: place, origin } = part.dataset;
  const form = document.querySelector('form[method=post]');
  const button = part.querySelector('button');
  const note = part.querySelector('[role=alert]');
  /** A question is good for five minutes. */
  const FRESH_MS = 4 * 60 * 1000;

  if (location.origin !== origin) {
    const link = document.createElement('a');
    link.href = origin + location.pathname + location.search;
    link.textContent = origin;
    const words = document.createElement('p');
    words.className = 'quiet';
    words.append(
      'Passkeys work at ', link, ' only: open that address, or have ', code('public_url'), ' set to an https address with a host name.',
    );
    part.replaceChildren(words);
    part.hidden = false;
    return;
  }
  if (!window.PublicKeyCredential || !form) return;
  part.hidden = false;

  function code(text) {
    const element = document.createElement('code');
    element.textContent = text;
    return element;
  }
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  const opened = (descriptors) => (descriptors ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  /** What the server says; a refusal is thrown in its own words. */
  async function ask(path, body) {
    const answer = await fetch(new URL(path, root), {
      method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    const refusal = new Error([told.message ?? `The server answered ${answer.status}.`, told.hint].filter(Boolean).join(' '));
    refusal.isRefusal = true;
    throw refusal;
  }

  async function signIn(how) {
    const { options, kept } = await ask(`${place}/begin`, {});
    const found = await navigator.credentials.get({
      ...how,
      publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: opened(options.allowCredentials) },
    });
    const { response } = found;
    const credential = {
      id: found.id,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
      },
    };
    return ask(place, { kept, credential, next: form.elements.next?.value ?? '' });
  }

  async function make() {
    const given = Object.fromEntries(['token', 'name', 'email'].map((name) => [name, form.elements[name]?.value]));
    const { options, kept } = await ask(`${place}/begin`, given);
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: opened(options.excludeCredentials),
      },
    });
    const { response } = made;
    const credential = {
      id: made.id,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
        transports: response.getTransports?.() ?? [],
      },
    };
    return ask(place, { token: given.token, kept, credential });
  }

  const goOn = ({ next }) => location.assign(new URL(`.${next}`, root));
  function tell(error) {
    const isGivenUp = ['NotAllowedError', 'AbortError'].includes(error.name);
    note.textContent = isGivenUp ? 'No passkey was used. Try again, or use a password.' : error.message;
    note.hidden = false;
  }

  const isSignIn = part.dataset.kind === 'sign-in';
  let offered;
  let offering;
  button.addEventListener('click', async () => {
    note.hidden = true;
    if (!isSignIn && ![form.elements.name, form.elements.email].every((field) => field.reportValidity())) return;
    button.disabled = true;
    try {
      // An authenticator hears one question at a time.
      offered?.abort();
      await offering;
      goOn(await (isSignIn ? signIn({}) : make()));
    } catch (error) {
      tell(error);
      button.disabled = false;
      offering = offer();
    }
  });

  /** Passkeys among the browser's own suggestions for the email field, where it has them. */
  async function offer() {
    const mine = new AbortController();
    offered = mine;
    if (!isSignIn || !(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const late = setTimeout(() => {
      mine.abort();
      offering = offering.then(offer);
    }, FRESH_MS);
    try {
      goOn(await signIn({ mediation: 'conditional', signal: mine.signal }));
    } catch (error) {
      // Nobody asked for it yet, so only what the server said is worth a word.
      if (error.isRefusal && !mine.signal.aborted) tell(error);
    } finally {
      clearTimeout(late);
    }
  }
  offering = offer();
})();
