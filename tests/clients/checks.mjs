// One line per check, `ok NAME` or `not ok NAME: why`, and an exit code: what `cargo xtask test` reads.

const root = process.env.AQUATINT_URL;
export const key = process.env.AQUATINT_KEY;
/** An owner, for what people do: signing in, consent, workspaces. */
export const { AQUATINT_EMAIL: email, AQUATINT_PASSWORD: password } = process.env;
if (!root || !(key || (email && password))) {
  const words = 'AQUATINT_KEY, or for what people do AQUATINT_EMAIL and AQUATINT_PASSWORD of an owner';
  console.log(`not ok environment: set AQUATINT_URL (such as http://127.0.0.1:8787) and ${words}`);
  process.exit(2);
}
export const base = root.replace(/\/+$/, '');
export const endpoint = `${base}/mcp`;

let failed = 0;

/** Runs one check; a failure is printed and the next check goes on. */
export async function check(name, run) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    const why = String(error?.message ?? error).replace(/\s+/g, ' ').slice(0, 600);
    console.log(`not ok ${name}: ${why}`);
  }
}

export function fail(name, why) {
  failed += 1;
  console.log(`not ok ${name}: ${String(why).replace(/\s+/g, ' ').slice(0, 600)}`);
}

/** Ends the program, with a failure if there was one. */
export function finish() {
  process.exit(failed === 0 ? 0 : 1);
}
