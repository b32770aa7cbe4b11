/** Passkeys: the wire, and the browser's side of it (WebAuthn). */
import { del, get, part, post } from './client';
import type { Passkey, Passkeys } from './types';

interface Question<Options> {
  options: Options;
  /** Goes back with the answer, as it is. */
  kept: string;
}
type Creation = Question<PublicKeyCredentialCreationOptionsJSON>;
type Request = Question<PublicKeyCredentialRequestOptionsJSON>;

const bytes = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
const text = (buffer: ArrayBuffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const opened = (descriptors: PublicKeyCredentialDescriptorJSON[] | undefined) =>
  (descriptors ?? []).map((one) => ({ ...one, id: bytes(one.id) }) as PublicKeyCredentialDescriptor);

/** Whether this browser can make and use passkeys on this page. */
export const canUsePasskeys = () => 'PublicKeyCredential' in window;

/** Whether a person closed the browser's own window, which needs no words. */
export const isGivenUp = (thrown: unknown) => thrown instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(thrown.name);

async function make({ options }: Creation) {
  const made = (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: opened(options.excludeCredentials),
    } as PublicKeyCredentialCreationOptions,
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

async function use({ options }: Request) {
  const found = (await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: opened(options.allowCredentials),
    } as PublicKeyCredentialRequestOptions,
  })) as PublicKeyCredential;
  const response = found.response as AuthenticatorAssertionResponse;
  return {
    id: found.id,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
    },
  };
}

export const passkeys = {
  list: () => get<Passkeys>('/me/passkeys'),
  async add(): Promise<Passkey> {
    const question = await post<Creation>('/me/passkeys/begin');
    return post<Passkey>('/me/passkeys', { kept: question.kept, credential: await make(question) });
  },
  rename: (id: string, name: string) => post<unknown>(`/me/passkeys/${part(id)}`, { name }),
  remove: (id: string) => del<unknown>(`/me/passkeys/${part(id)}`),
};

/** Proving once more who one is. */
export const proof = {
  byPassword: (password: string) => post<unknown>('/me/proof', { password }),
  byCode: (code: string) => post<unknown>('/me/proof', { code }),
  async byPasskey(): Promise<unknown> {
    const question = await post<Request>('/me/proof/begin');
    return post<unknown>('/me/proof', { passkey: { kept: question.kept, credential: await use(question) } });
  },
};
