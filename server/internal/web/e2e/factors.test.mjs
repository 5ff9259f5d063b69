// How people sign in, in a real browser: one-time codes and recovery codes, and passkeys with the browser's virtual authenticator.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { open, launch, sound, password } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// totp is RFC 6238 with SHA-1, six digits and 30 seconds, so many steps ahead.
function totp(secret, ahead = 0) {
  const bits = [...secret.replace(/[\s=]/g, "")].map((c) => base32.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => Number.parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac("sha1", key).update(step).digest(), at = mac.at(-1) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function signIn(page, login) {
  await page.goto("/sign-in");
  await page.fill("#login", login);
  await page.fill("#password", password);
  await page.click('form[action="/sign-in"] button');
}

const signOut = async (page) => { await page.click('form[action="/sign-out"] button'); await page.waitForURL("**/sign-in?done=signed_out"); };
const path = (page) => new URL(page.url()).pathname;
const submit = (page, action) => page.click(`form[action="${action}"] button:not([formaction])`);

test("one-time codes: turned on, asked for, replaced by a recovery code once, and turned off", async () => {
  const page = await open(browser, null, { lang: "en" });
  await signIn(page, "codes");
  await page.goto("/account");
  await submit(page, "/account/totp");
  const secret = (await page.textContent("section pre")).trim();
  assert.match(secret, /^[A-Z2-7 ]{16,}$/);
  await page.fill("#confirm", totp(secret));
  await submit(page, "/account/totp/confirm");
  const recovery = (await page.textContent("[role=status] pre")).trim().split(/\s+/);
  assert.ok(recovery.length >= 8, `${recovery.length} recovery codes`);
  await sound(page, "recovery codes");
  await signOut(page);

  await signIn(page, "codes");
  assert.equal(await page.locator("#code").count(), 1, "no code is asked for");
  await page.goto("/audit");
  assert.equal(path(page), "/sign-in", "half a sign-in lets in");
  await signIn(page, "codes");
  await page.fill("#code", "000000");
  await submit(page, "/sign-in/second");
  assert.match(await page.textContent("[role=alert]"), /./);
  page.problems.length = 0; // the browser reports the 401 itself
  await page.fill("#code", recovery[0]);
  await submit(page, "/sign-in/second");
  await page.waitForURL((u) => !u.pathname.startsWith("/sign-in"));
  await signOut(page);

  await signIn(page, "codes");
  await page.fill("#code", recovery[0]);
  await submit(page, "/sign-in/second");
  assert.match(await page.textContent("[role=alert]"), /./, "a recovery code works twice");
  page.problems.length = 0;
  await page.fill("#code", totp(secret, 1)); // the code of this step was used to turn them on
  await submit(page, "/sign-in/second");
  await page.waitForURL((u) => !u.pathname.startsWith("/sign-in"));

  await page.goto("/account");
  await page.fill("#code", recovery[1]);
  await page.click('button[formaction="/account/totp/off"]');
  assert.match(await page.textContent("[role=status]"), /./);
  await signOut(page);
  await signIn(page, "codes");
  await page.waitForURL((u) => !u.pathname.startsWith("/sign-in"));
  await sound(page, "signed in without a code");
  await page.context().close();
});

test("a passkey: made, used to sign in without a password, refused once it is gone", async () => {
  const page = await open(browser, null, { lang: "uk" });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  await signIn(page, "keys");
  await page.goto("/account");
  await submit(page, "/account/passkeys/begin");
  await page.fill("#passkey-name", "Ноутбук");
  await submit(page, "/account/passkeys");
  await page.waitForSelector("[role=status]");
  await page.goto("/account");
  assert.match(await page.textContent("main"), /Ноутбук/);
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].isResidentCredential, true);
  await sound(page, "a passkey was made");
  await signOut(page);

  await submit(page, "/sign-in/passkey");
  await page.waitForURL((u) => !u.pathname.startsWith("/sign-in"));
  assert.match(await page.textContent(".who"), /Ганна Ткаченко/);
  await sound(page, "signed in by passkey");
  await signOut(page);

  await cdp.send("WebAuthn.clearCredentials", { authenticatorId });
  await submit(page, "/sign-in/passkey");
  await page.waitForSelector("[data-failed]:not([hidden])");
  assert.ok(path(page).startsWith("/sign-in"));
  await page.context().close();
});
