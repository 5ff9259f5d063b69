// What the tests share: one browser, a context per person, and a guard that fails a test for anything that a page
// complains of.
import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const base = process.env.VYMIR_URL;
export const password = "measured twice, cut once";

export const launch = () => chromium.launch({
  executablePath: process.env.VYMIR_CHROMIUM,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const states = new Map(); // login → storage state, so that each person signs in once

export async function open(browser, login, { lang = "uk", width = 1280, scheme = "light", javaScript = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 780 : 900 }, locale: lang === "uk" ? "uk-UA" : "en-GB", colorScheme: scheme,
    ignoreHTTPSErrors: true, javaScriptEnabled: javaScript, storageState: states.get(login), baseURL: base, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.problems = [];
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) page.problems.push(`console: ${m.text()}`); });
  page.on("pageerror", (e) => page.problems.push(`error: ${e.message}`));
  page.on("requestfailed", (r) => { // what a reader's next click cuts off is no failure
    if (r.failure()?.errorText !== "net::ERR_ABORTED") page.problems.push(`request failed: ${r.url()} ${r.failure()?.errorText}`);
  });
  page.on("request", (r) => { if (!r.url().startsWith(base) && !r.url().startsWith("data:")) page.problems.push(`foreign request: ${r.url()}`); });
  if (javaScript) {
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
    });
  }
  if (login && !states.has(login)) {
    const link = JSON.parse(readFileSync(`${process.env.VYMIR_WORK}/user-${login}.json`, "utf8")).sign_in_link;
    await page.goto(base + new URL(link).pathname + new URL(link).search);
    await page.click("main button");
    await page.waitForURL((u) => !u.pathname.startsWith("/sign-in"));
    states.set(login, await context.storageState());
  }
  return page;
}

// sound fails when the page complained, broke its content security policy, or is wider than the window.
export async function sound(page, what) {
  const violations = await page.evaluate(() => window.violations ?? []);
  assert.deepEqual([...page.problems, ...violations], [], `${what}: complaints`);
  page.problems.length = 0;
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what}: ${wide} px wider than the window`);
  const missing = await page.evaluate(() => document.body.innerText.match(/\[[a-z_]+\.[a-z0-9_.]+\]/)?.[0]);
  assert.equal(missing, undefined, `${what}: missing text ${missing}`);
}

// accessible runs axe with the rules of WCAG 2.0 to 2.2, levels A and AA.
export async function accessible(page, what) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }));
  const lines = found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} — ${n.failureSummary?.split("\n")[1] ?? ""}`));
  assert.deepEqual(lines, [], `${what}: axe`);
  return found.violations.length;
}
