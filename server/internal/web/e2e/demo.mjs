// A walk through a demo (vymir-server demo) as everybody who can sign in, in both languages and two widths: every page is
// looked at for complaints, missing texts, width and accessibility, and photographed.
//
//   VYMIR_URL    https address of the demo
//   VYMIR_DEMO   its demo.json; its links work once, so start the demo anew for another walk
//   VYMIR_SHOTS  a folder for screenshots
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import assert from "node:assert/strict";

process.env.VYMIR_WORK = mkdtempSync(`${tmpdir()}/vymir-walk.`);
const { open, launch, sound, accessible } = await import("./browser.mjs");

for (const p of JSON.parse(readFileSync(process.env.VYMIR_DEMO, "utf8")).sign_ins) {
  writeFileSync(`${process.env.VYMIR_WORK}/user-${p.login}.json`, JSON.stringify({ sign_in_link: p.link }));
}
const shots = process.env.VYMIR_SHOTS;
mkdirSync(shots, { recursive: true });

// A path, or a list and the place of the entry to follow from it.
const tour = {
  "admin-01": ["/mend", "/hosts", "/findings", "/gaps", "/trend", "/past", "/needs", ["/needs", 0], "/projects/new", "/stability", "/releases", ["/releases", 0], ["/releases", 2], "/reads", "/effects", ["/effects", 0],
    "/projects", ["/projects", 0], "/projects/start", "/stated/new", ["/releases", 2, "/print"], ["/needs", 4],
    ["/hosts", 0], ["/findings", 0], "/leaves", "/install", "/webhooks", "/people", "/account", "/search?q=ssh"],
  "approver-01": ["/releases", ["/releases", 0]],
  observer: ["/catalogue", ["/catalogue", 0]],
  assessor: ["/work", "/recipients", ["/recipients", 0], ["/recipients", 0, "/report"], "/heat", "/trend", ["/hosts", 0], "/findings", ["/findings", 0], "/gaps", "/needs", "/effects", ["/effects", 3],
    "/stability", "/profiles", "/search?q=backup"],
  auditor: ["/audit"],
  "donor-a": ["/catalogue", ["/catalogue", 0], ["/catalogue", 0, "/print"], ["/catalogue", "a[href^='/joint/']"], "/catalogue/best", "/catalogue/best?eur=250000", "/catalogue/best?eur=60000&floor=build&floor_eur=20000"],
  coordinator: ["/queue", "/board"],
};

const browser = await launch();
let seen = 0, failed = 0;
for (const [lang, width, scheme] of [["uk", 1280, "light"], ["en", 390, "light"], ["en", 1280, "dark"], ["uk", 390, "dark"]]) {
  for (const [login, pages] of Object.entries(tour)) {
    const page = await open(browser, login, { lang, width, scheme });
    for (const p of pages) {
      const [path, n, then] = Array.isArray(p) ? p : [p, -1], what = `${login} ${p} ${lang} ${width}`;
      const start = Date.now();
      await page.goto(path);
      if (typeof n === "string") await page.locator(n).first().click();
      else if (n >= 0) await page.locator("tbody th a").nth(n).click();
      if (then) await page.goto(new URL(page.url()).pathname + then);
      await page.waitForLoadState("load");
      const took = Date.now() - start;
      try {
        assert.equal(await page.locator("h1").count(), 1, `${what}: headings`);
        await sound(page, what);
        if (scheme === "light") await accessible(page, what);
      } catch (e) {
        failed++;
        console.log(`${what}: ${e.message.slice(0, 600)}`);
      }
      await page.screenshot({ path: `${shots}/${login}-${path.replace(/[^a-z0-9]+/g, "-").slice(1)}${typeof n === "string" ? "-link" : n >= 0 ? `-${n}` : ""}${then ? then.replace("/", "-") : ""}-${lang}-${width}.png`, fullPage: await page.evaluate(() => document.documentElement.scrollHeight < 9000) });
      seen++;
      console.log(`${what}: ${took} ms`);
    }
    await page.context().close();
  }
}
await browser.close();
console.log(`${seen} page views, ${failed} with complaints`);
process.exit(failed ? 1 : 0);
