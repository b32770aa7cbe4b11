// An OpenID provider of another maker (npm `oidc-provider`) for the studio to sign people in with.
// Run alone it listens on AQUATINT_OIDC_PORT (or a free port), says where, and stays; a runner starts
// it before the studio, whose settings name it:
//   [[oidc]] name = "corp", issuer = "http://127.0.0.1:PORT", client_id = "studio", client_secret = SECRET
// Anyone can sign in there with any name; what is known about that person is in the name: see `claims`.
import http from 'node:http';
import { pathToFileURL } from 'node:url';
import Provider from 'oidc-provider';

export const CLIENT_ID = 'studio';
export const CLIENT_SECRET = 'upstream-secret-for-tests-0123456789';
/** The name of the upstream in the studio's settings. */
export const NAME = 'corp';

/**
 * A login is `SUBJECT` (with the verified address SUBJECT@corp.example) or `SUBJECT KIND ADDRESS`. The
 * kind is `verified`, `unverified` where the provider has not checked the address, `forged` for an ID
 * token whose signature is wrong, or `unsigned` for one that has none.
 */
function claims(login) {
  const [sub, kind = 'verified', email = `${sub}@corp.example`] = login.split(' ');
  return { sub, name: `Person ${sub}`, email, email_verified: kind !== 'unverified' };
}

/** What an attacker on the way, or a careless provider, would make of an ID token. */
function spoil(token, kind) {
  const [, payload, signature] = token.split('.');
  if (kind === 'unsigned') return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  const bytes = Buffer.from(signature, 'base64url');
  bytes[7] ^= 1;
  return `${token.slice(0, token.lastIndexOf('.'))}.${bytes.toString('base64url')}`;
}

/** Starts the provider; with no port, on a free one. Gives its issuer and a way to stop. */
export async function startUpstream(port = 0) {
  const server = http.createServer();
  await new Promise((done, broken) => {
    server.once('error', broken);
    server.listen(port, '127.0.0.1', done);
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        // The studio's port is not known yet: for native clients a loopback address stands for any port.
        application_type: 'native',
        redirect_uris: [`http://127.0.0.1/sign-in/oidc/${NAME}/callback`],
        subject_type: 'pairwise',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // What the scopes stand for is in the ID token already, as most providers have it.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    // The subject is the first word of the login, so that one person can come with several addresses.
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_, login) => login.split(' ')[0],
    findAccount: (_, login) => ({ accountId: login, claims: () => claims(login) }),
    cookies: { keys: ['only for tests'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, AuthorizationCode: 60, IdToken: 600 },
  });
  provider.use(async (cx, next) => {
    await next();
    const kind = cx.oidc?.account?.accountId.split(' ')[1];
    if (cx.body?.id_token && ['forged', 'unsigned'].includes(kind)) cx.body.id_token = spoil(cx.body.id_token, kind);
  });
  server.on('request', provider.callback());
  return {
    issuer,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { issuer } = await startUpstream(Number(process.env.AQUATINT_OIDC_PORT ?? 0));
  console.log(`listening on ${issuer}`);
}
