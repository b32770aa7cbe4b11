// What only time shows: a code after its minute, and an old refresh token after the half minute in
// which a lost answer may be asked for again. Begun first and judged last, so that nobody waits twice.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { check } from '../checks.mjs';
import { assertDead, assertRefused, code, redeem, refreshing, token, tokens } from './app.mjs';

const CODE_S = 60;
const GRACE_S = 30;
const MARGIN_S = 3;

/** Begins; what it returns waits for the time and judges. */
export async function beginSlow() {
  const old = await code();
  const codeMade = Date.now();
  const held = await tokens();
  const next = await redeem(refreshing(held));
  const third = await redeem(refreshing(next));
  const refreshed = Date.now();
  const until = (start, seconds) => sleep(Math.max(0, start + (seconds + MARGIN_S) * 1000 - Date.now()));

  return async () => {
    await check('oauth refresh: an old refresh token after the grace ends the whole family', async () => {
      await until(refreshed, GRACE_S);
      assertRefused(await token(refreshing(held)), 'invalid_grant');
      assertRefused(await token(refreshing(third)), 'invalid_grant');
      for (const each of [next, third]) await assertDead(each);
    });
    await check('oauth token: a code older than a minute is refused', async () => {
      await until(codeMade, CODE_S);
      assertRefused(await token(old), 'invalid_grant');
    });
    assert.ok(third.refresh_token !== next.refresh_token);
  };
}
