// The pages as people meet them, over data that an agent really sent. The order matters: nothing is approved at first,
// and what two persons approve is what later tests look at.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { open, launch, sound, accessible, base, password } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const shots = process.env.VYMIR_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });
const shoot = async (page, name, fullPage = true) => { if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage }); };

const count = (page, selector) => page.locator(selector).count();

test("a visitor is asked to sign in, and a wrong password is refused", async () => {
  const page = await open(browser, null, { lang: "en" });
  await page.goto("/hosts");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await page.fill("#login", "it");
  await page.fill("#password", "wrong wrong wrong");
  await page.click("main button");
  assert.match(await page.textContent("[role=alert]"), /wrong/);
  page.problems.length = 0; // the browser reports the 401 itself
  await sound(page, "refused sign-in");
  await page.fill("#password", password);
  await page.click("main button");
  await page.waitForURL("**/hosts"); // where the visitor wanted to go
  assert.equal(await page.textContent("h1"), "Hosts");
  await page.context().close();
});

test("by keyboard alone: skip link, sign-in, menu, language, sign-out", async () => {
  const page = await open(browser, null, { lang: "uk" });
  await page.goto("/sign-in");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none", "the focus is not visible");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "login");
  await page.keyboard.type("it");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/mend");
  const reach = async (matches, steps = 60) => {
    for (let i = 0; i < steps; i++) {
      await page.keyboard.press("Tab");
      const e = await page.evaluate(() => ({ text: document.activeElement.textContent.trim(), href: document.activeElement.getAttribute("href"),
        outline: getComputedStyle(document.activeElement).outlineStyle }));
      assert.notEqual(e.outline, "none", `no visible focus on ${e.text.slice(0, 40)}`);
      if (matches(e)) return;
    }
    assert.fail("not to be reached by Tab");
  };
  await reach((e) => e.href === "/findings");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/findings");
  await reach((e) => e.text === "ENG");
  await page.keyboard.press("Enter");
  await page.waitForSelector('html[lang="en"]');
  assert.equal(await page.textContent("h1"), "Findings");
  await reach((e) => e.text === "Sign out");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sign-in?done=signed_out");
  await sound(page, "signed out");
  await page.context().close();
});

test("the language follows the browser and the switch is remembered", async () => {
  for (const [lang, title] of [["uk", "Вхід"], ["en", "Sign in"]]) {
    const page = await open(browser, null, { lang });
    await page.goto("/sign-in");
    assert.equal(await page.textContent("h1"), title);
    await page.click(`.lang button[value=${lang === "uk" ? "en" : "uk"}]`);
    await page.goto("/sign-in");
    assert.equal(await page.textContent("h1"), lang === "uk" ? "Sign in" : "Вхід");
    await page.context().close();
  }
});

test("the administrator sees this host, its findings and how to mend them", async () => {
  const page = await open(browser, "it", { lang: "uk" });
  await page.goto("/mend");
  const tasks = await count(page, ".tasks > li");
  assert.ok(tasks > 3, `${tasks} tasks`);
  await page.locator(".tasks summary").first().click();
  assert.ok(await page.locator(".tasks details[open] p").first().isVisible());
  assert.ok(await count(page, ".tasks pre") > 0, "no command to run");
  await page.goto("/hosts");
  assert.equal(await count(page, "tbody tr"), 1);
  await page.locator("tbody th a").first().click();
  assert.ok(await count(page, "tbody tr") > 25, "fewer than 25 results");
  for (const status of ["pass", "fail", "unmeasured"]) assert.ok(await count(page, `td .st-${status}`) > 0, `no result is ${status}`);
  await sound(page, "host page");
  await page.context().close();
});

test("the recipient states its size, and the needs follow", async () => {
  const page = await open(browser, "it", { lang: "uk" });
  await page.goto("/needs");
  assert.ok(await count(page, "text=чисельність не вказано") > 0);
  await page.locator("details.sheet summary").click();
  await page.fill("#users", "120");
  await page.fill("#admins", "3");
  await page.click("text=Зберегти й перерахувати");
  assert.match(await page.textContent("[role=status]"), /перераховано/);
  assert.equal(await count(page, "text=чисельність не вказано"), 0);
  await sound(page, "needs after the size");
  await page.context().close();
});

test("the assessor decides, and the history tells", async () => {
  const page = await open(browser, "assessor", { lang: "en" });
  await page.goto("/findings?severity=medium");
  await page.locator("tbody th a").first().click();
  await page.selectOption("#decision", "accepted");
  await page.fill("#reason", "replaced in spring <b>");
  await page.click("text=Save decision");
  assert.match(await page.textContent("[role=status]"), /a date in the future/);
  await page.selectOption("#decision", "accepted");
  await page.fill("#reason", "replaced in spring <b>");
  await page.fill("#until", new Date(Date.now() + 30 * 864e5).toISOString().slice(0, 10));
  await page.click("text=Save decision");
  assert.match(await page.textContent(".history"), /Waiver granted[\s\S]*replaced in spring <b>/);
  await page.selectOption("#decision", "none");
  await page.click("text=Save decision");
  assert.match(await page.textContent(".history"), /Decision taken back/);
  await sound(page, "finding");
  await page.context().close();
});

test("nothing reaches a donor before two different persons approve; withdrawal takes it away", async () => {
  const donor = await open(browser, "donor", { lang: "en" });
  await donor.goto("/catalogue");
  assert.equal(await count(donor, "tr[data-cost-low]"), 0);
  assert.match(await donor.textContent(".empty"), /No need has been approved/);
  await sound(donor, "empty catalogue");

  const it = await open(browser, "it", { lang: "en" });
  await it.goto("/needs");
  const needs = await it.locator("tbody th a").evaluateAll((list) => list.slice(0, 8).map((a) => a.getAttribute("href")));
  assert.ok(needs.length >= 5, `${needs.length} needs`);
  const releases = [];
  for (const [i, need] of needs.entries()) {
    await it.goto(need);
    assert.ok(await count(it, ".sum tbody tr") > 0, "the sum has no rows");
    const levels = await it.locator("#level option").evaluateAll((o) => o.map((x) => x.value));
    await it.selectOption("#level", i % 2 === 0 && levels.includes("3") ? "3" : "1");
    await it.locator("fieldset input[value=d-second]").uncheck();
    await it.click("text=Prepare the text");
    releases.push(new URL(it.url()).pathname);
    assert.equal(await count(it, ".persons .open"), 2);
  }
  await donor.reload();
  assert.equal(await count(donor, "tr[data-cost-low]"), 0, "a draft is shown");

  const first = await open(browser, "first", { lang: "en" });
  for (const r of releases) {
    await first.goto(r);
    await first.click("text=I approve this text");
    assert.equal(await count(first, "text=I approve this text"), 0, "the same person may approve again");
  }
  await donor.reload();
  assert.equal(await count(donor, "tr[data-cost-low]"), 0, "one approval is enough");

  const second = await open(browser, "second", { lang: "uk" });
  for (const r of releases) {
    await second.goto(r);
    await second.click("text=Схвалюю цей текст");
    assert.match(await second.textContent("[role=status]"), /відтепер його бачать донори/);
  }
  await donor.goto("/catalogue");
  assert.equal(await count(donor, "tr[data-cost-low]"), releases.length);
  const other = await open(browser, "other", { lang: "en" });
  await other.goto("/catalogue");
  assert.equal(await count(other, "tr[data-cost-low]"), 0, "a donor outside the audience reads it");

  const hostName = await hostNameOf(it);
  for (const word of [hostName, "Debian", "ssh."]) {
    assert.ok(!(await donor.content()).includes(word), `the donor's list holds ${word}`);
  }
  await second.goto(releases.at(-1));
  await second.click("main button.danger");
  await donor.reload();
  assert.equal(await count(donor, "tr[data-cost-low]"), releases.length - 1);
  assert.match(await donor.textContent("main"), /Withdrawn and expired/);
  await sound(donor, "catalogue after a withdrawal");
  for (const p of [donor, it, first, second, other]) await p.context().close();
});

async function hostNameOf(page) {
  await page.goto("/hosts");
  return (await page.textContent("tbody th a")).trim();
}

test("the donor's plot shows every need, and the table beside it holds the same", async () => {
  const page = await open(browser, "donor", { lang: "en" });
  const sizes = new Map();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  cdp.on("Network.loadingFinished", (e) => sizes.set(e.requestId, e.encodedDataLength));
  await page.goto("/catalogue", { waitUntil: "networkidle" });
  const rows = await count(page, "tr[data-cost-low]");
  await page.waitForSelector("[data-plot] svg");
  const points = await page.evaluate(() => [...document.querySelectorAll("tr[data-cost-low]")].filter((r) => Number(r.dataset.pointsHigh) > 0).length);
  const marks = await page.evaluate(() => [...document.querySelectorAll("[data-plot] svg path[fill]")].filter((p) => p.getAttribute("fill").toLowerCase() === getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()).length);
  assert.equal(marks, points, "marks in the plot");
  assert.ok(rows >= points && points > 0);
  const weight = [...sizes.values()].reduce((a, b) => a + b, 0);
  console.log(`donor's page, everything on the wire: ${weight} bytes`);
  assert.ok(weight <= 150_000, `the page weighs ${weight} bytes`);
  await sound(page, "plot");
  await page.context().close();
});

test("a pledge shows its overlaps first, and the recipient sees who read and helps", async () => {
  const page = await open(browser, "donor", { lang: "en" });
  await page.goto("/catalogue");
  await page.locator("tbody th a").first().click();
  await page.fill("#quantity", "1");
  await page.click("text=Check for overlaps");
  assert.match(await page.textContent("[role=status]"), /no overlap/);
  await page.click('main button:has-text("Pledge help")');
  await page.fill("#quantity", "1");
  await page.click("text=Check for overlaps");
  assert.match(await page.textContent("[role=status]"), /overlaps with other help/);
  await page.click("main >> text=Back");
  await page.click('main button:has-text("Commit")');
  assert.match(await page.textContent("main"), /committed/);
  const it = await open(browser, "it", { lang: "en" });
  await it.goto("/releases");
  let seen = "";
  for (const href of await it.locator("tbody th a").evaluateAll((l) => l.map((a) => a.getAttribute("href")))) {
    await it.goto(href);
    seen += await it.textContent("main");
  }
  assert.match(seen, /First Country/);
  assert.match(seen, /committed/);
  assert.match(seen, /Open findings at commitment: \d/);
  for (const p of [page, it]) await p.context().close();
});

test("a joint project: the words, the part, and the donor's page of it", async () => {
  const it = await open(browser, "it", { lang: "en" });
  await it.goto("/projects/start");
  for (const [field, text] of [["title_uk", "Разом стійкіші"], ["title_en", "Stronger together"], ["from", "2027-01-10"], ["to", "2027-11-30"]]) await it.fill(`#${field}`, text);
  await it.click('main button:has-text("Create")');
  const code = (await it.textContent("main .note b")).trim();
  assert.match(code, /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
  await sound(it, "joint project, just begun");
  await it.goto("/needs");
  const needs = await it.locator("tbody th a").evaluateAll((l) => l.map((a) => a.getAttribute("href").split("/").pop()));
  let found = "";
  for (const need of needs.reverse()) {
    await it.goto(`/projects/new?need=${need}`);
    if ((await it.locator("#level option").evaluateAll((o) => o.map((x) => x.value))).includes("2")) { found = need; break; }
  }
  assert.ok(found, "no need may be released by name");
  await it.selectOption("#level", "3");
  await it.selectOption("#project", { label: "Stronger together" });
  await it.fill("#title_uk", "Наша частина");
  await it.fill("#title_en", "Our part");
  await it.click('main button:has-text("Prepare")');
  const release = new URL(it.url()).pathname;
  assert.match(await it.textContent("main"), /Stronger together/, "the text does not hold the project");
  await it.click('main >> text=Edit the draft');
  await it.fill("#title_en", "Our part, again");
  await it.click('main button:has-text("Save")');
  assert.match(await it.textContent("main"), /Our part, again/);
  for (const who of ["first", "second"]) {
    const page = await open(browser, who, { lang: "en" });
    await page.goto(release);
    await page.click("text=I approve this text");
    await page.context().close();
  }
  const donor = await open(browser, "donor", { lang: "en" });
  await donor.goto("/catalogue");
  await donor.locator('a[href^="/joint/"]').first().click();
  assert.equal(await donor.textContent("h1"), "Stronger together");
  await sound(donor, "joint project of a donor");
  for (const p of [it, donor]) await p.context().close();
});

test("a need that nothing measures is stated and bundled", async () => {
  const it = await open(browser, "it", { lang: "uk" });
  await it.goto("/stated/new");
  for (const f of ["title", "text", "unit", "why"]) for (const l of ["uk", "en"]) await it.fill(`#${f}_${l}`, l === "uk" ? "Навчання" : "Exercise");
  await it.fill("#low", "4000");
  await it.fill("#high", "6000");
  await it.click('main button:has-text("Заявити")');
  assert.match(await it.textContent("main"), /Заявлені потреби[\s\S]*Навчання/);
  await sound(it, "needs with a stated one");
  await it.context().close();
});

const tour = {
  it: ["/mend", "/hosts", "host", "/findings", "finding", "/gaps", "/needs", "need", "/releases", "release", "/account"],
  assessor: ["/findings", "finding", "/hosts", "/gaps", "/needs"],
  second: ["/releases", "release", "/needs"],
  donor: ["/catalogue", "entry"],
  coordinator: ["/queue", "/catalogue"],
  auditor: ["/audit"],
  "": ["/sign-in", "/sign-in/link?t=x"],
};
// Pages looked at once in each language, width and scheme, where accessibility is checked as well.
const further = {
  it: ["/recipients", "report", "/heat", "/trend", "/install", "/webhooks", "/leaves", "/search?q=ssh",
    "/projects", "/projects/start", ["/projects", "tbody th a"], ["/needs", "tbody input[name=need]"], "/stated/new", ["release", "/print"], "/past", "/stability",
    "/reads", "/effects", ["/effects", "tbody th a"]],
  assessor: ["/work", "/profiles"],
  donor: [["entry", "/print"], ["/catalogue", "a[href^='/joint/']"], "/catalogue/best?eur=250000"],
  observer: ["/catalogue", "entry"],
  coordinator: ["/board"],
};
const lists = { host: "/hosts", finding: "/findings", need: "/needs", release: "/releases", entry: "/catalogue" };

// Goes to a page of the tour: a path, a name of lists (its first entry), "report", or one of these and what to do then.
async function visit(page, p) {
  const [name, then = ""] = Array.isArray(p) ? p : [p];
  await page.goto(name === "report" ? `${await recipientOf(page)}/report` : lists[name] ?? name);
  if (lists[name]) await page.locator("tbody th a").first().click();
  if (then.startsWith("/")) await page.goto(new URL(page.url()).pathname + then);
  else if (then.includes("input")) { // a choice that leads to a form
    await page.locator(then).first().check();
    await page.click('main button:has-text("проєкт"), main button:has-text("project")');
  } else if (then) await page.locator(then).first().click();
  await page.waitForLoadState("load");
}

async function recipientOf(page) { // the only one there is: its list leads to it
  await page.goto("/recipients");
  return new URL(page.url()).pathname;
}

let pagesSeen = 0;
for (const lang of ["uk", "en"]) {
  for (const [width, scheme] of [[1280, "light"], [360, "dark"], [1280, "dark"], [360, "light"]]) {
    test(`every page in ${lang}, ${width} px, ${scheme}: sound${((width < 500) === (scheme === "dark")) === (lang === "uk") ? " and accessible" : ""}`, async () => {
      const careful = ((width < 500) === (scheme === "dark")) === (lang === "uk"); // uk: wide light, narrow dark; en: the other two
      for (const [login, pages] of careful ? [...Object.entries(tour), ...Object.entries(further)] : Object.entries(tour)) {
        const page = await open(browser, login || null, { lang, width, scheme });
        for (const p of pages) {
          await visit(page, p);
          const what = `${login || "visitor"} ${p} ${lang} ${width} ${scheme}`;
          assert.equal(await page.getAttribute("html", "lang"), lang, what);
          assert.equal(await count(page, "h1"), 1, `${what}: headings`);
          await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
          await sound(page, what);
          if (careful) await accessible(page, what);
          await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = false; });
          await shoot(page, `${login || "visitor"}-${String(p).replace(/[^a-z]/g, "") || "x"}-${lang}-${width}-${scheme}`);
          pagesSeen++;
        }
        await page.context().close();
      }
    });
  }
}

if (shots) test("the two pictures of the README", async () => {
  for (const [login, path, lang, height, name] of [["donor", "/catalogue", "en", 1150, "donor"], ["it", "/mend", "uk", 1150, "administrator"]]) {
    await (await open(browser, login)).context().close();
    const page = await open(browser, login, { lang });
    await page.setViewportSize({ width: 1280, height });
    await page.goto(path);
    if (name === "administrator") await page.locator(".tasks > li:has(pre) summary").first().click();
    await page.evaluate(() => document.activeElement?.blur());
    await shoot(page, `readme-${name}`, false);
    await page.context().close();
  }
});

test("an assessor begins at the work queue, and every line of it leads to its findings", async () => {
  const page = await open(browser, "assessor", { lang: "en" });
  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/work");
  const line = page.locator("tbody tr").first();
  const title = (await line.locator("th a").textContent()).trim();
  await line.locator("th a").click();
  assert.ok(await count(page, `tbody th a:has-text("${title}")`) > 0, "the findings are of something else");
  await sound(page, "findings of a line");
  await page.context().close();
});

test("evidence and a decision on several findings at once", async () => {
  const page = await open(browser, "assessor", { lang: "uk" });
  await page.goto("/findings?severity=medium");
  await page.locator("tbody .tick").nth(0).check();
  await page.locator("tbody .tick").nth(1).check();
  await page.selectOption("#bulk #decision", "confirmed");
  await page.click("text=Застосувати до вибраних");
  assert.match(await page.textContent("[role=status]"), /опрацьовано/);
  await page.locator("tbody th a").first().click();
  await page.setInputFiles("#file", { name: "доказ.txt", mimeType: "text/plain", buffer: Buffer.from("PermitRootLogin yes\n") });
  await page.click("text=Додати файл");
  assert.match(await page.textContent("main"), /доказ\.txt/);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("a:has-text('доказ.txt')")]);
  assert.equal(download.suggestedFilename(), "доказ.txt");
  await sound(page, "finding with evidence");
  await page.context().close();
});

test("the heat map and the trend draw what their tables hold", async () => {
  const page = await open(browser, "assessor", { lang: "uk" });
  await page.goto("/heat");
  for (const family of await page.locator("#f-family option").evaluateAll((o) => o.map((x) => x.value))) { // until one holds what was not measured
    await page.goto(`/heat?family=${family}`);
    if (await count(page, "table.heat td.hx") > 0) break;
  }
  await page.waitForSelector("[data-plot] svg path");
  const cells = await count(page, "table.heat td[data-none]"), hatched = await count(page, "table.heat td.hx");
  assert.ok(cells > 1, `${cells} cells`);
  assert.ok(hatched > 0, "nothing is hatched, though not everything was measured");
  const drawn = await page.evaluate(() => { // cells by colour, in the plot
    const color = (n) => getComputedStyle(document.documentElement).getPropertyValue(n).trim().toLowerCase();
    const fills = new Set([0, 1, 2, 3, 4].map((n) => color(`--heat-${n}`)));
    return [...document.querySelectorAll("[data-plot] svg [fill]")].filter((e) => fills.has(e.getAttribute("fill").toLowerCase())).length;
  });
  assert.equal(drawn, cells - hatched, "coloured cells of the plot");
  await sound(page, "heat map");
  await page.context().close();
});

test("every page's assets weigh at most 150 KB on the wire", async () => {
  let most = ["", 0], total = ["", 0];
  for (const [login, pages] of [...Object.entries(tour), ...Object.entries(further)]) {
    const page = await open(browser, login || null, { lang: "uk" });
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Network.enable");
    await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
    const sizes = new Map(), urls = new Map();
    cdp.on("Network.requestWillBeSent", (e) => {
      if (e.type === "Document") sizes.clear(), urls.clear(); // on the way to the page
      urls.set(e.requestId, e.request.url);
    });
    cdp.on("Network.loadingFinished", (e) => sizes.set(e.requestId, e.encodedDataLength));
    for (const p of pages) {
      await visit(page, p);
      const path = new URL(page.url()).pathname;
      let assets = 0, all = 0;
      for (const [id, n] of sizes) {
        all += n;
        if (new URL(urls.get(id) ?? base).pathname.startsWith("/assets/")) assets += n;
      }
      if (assets > most[1]) most = [path, assets];
      if (all > total[1]) total = [path, all];
      assert.ok(assets > 0 && assets <= 150_000, `${login} ${path}: ${assets} bytes of assets`);
    }
    await page.context().close();
  }
  console.log(`assets on the wire: at most ${most[1]} bytes (${most[0]}); with the page itself ${total[1]} (${total[0]})`);
});

test("a recipient's report prints in both languages as a tagged PDF with its text in it", async () => {
  for (const [lang, letters] of [["uk", /<04[0-5][0-9a-f]>/i], ["en", /<00[4-7][0-9a-f]>/i]]) {
    const page = await open(browser, "it", { lang, scheme: "dark" });
    await page.goto(`${await recipientOf(page)}/report`);
    const pdf = await page.pdf({ preferCSSPageSize: true, tagged: true, printBackground: true });
    const text = pdf.toString("latin1");
    assert.equal(text.slice(0, 5), "%PDF-");
    assert.match(text, /\/StructTreeRoot/, "not tagged");
    assert.match(text, new RegExp(`/Lang \\(${lang}`), "its language is not said");
    const box = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(text);
    assert.deepEqual([Math.round(box[1]), Math.round(box[2])], [595, 842], "not A4");
    let maps = "";
    for (const m of text.matchAll(/stream\r?\n/g)) {
      const from = m.index + m[0].length, to = text.indexOf("endstream", from);
      try { maps += inflateSync(pdf.subarray(from, to)).toString("latin1"); } catch { /* a stream of something else */ }
    }
    assert.match(maps, letters, "its letters cannot be read back");
    await page.emulateMedia({ media: "print" });
    for (const gone of [".top", ".noprint", ".foot"]) assert.equal(await page.locator(gone).first().isVisible(), false, `${gone} is printed`);
    console.log(`report in ${lang}: ${pdf.length} bytes, ${[...text.matchAll(/\/Type \/Page\b/g)].length} pages`);
    if (shots) writeFileSync(`${shots}/report-${lang}.pdf`, pdf);
    await page.context().close();
  }
});

test("pages read without JavaScript", async () => {
  for (const [login, path] of [["donor", "/catalogue"], ["it", "/mend"], ["assessor", "/findings"], ["assessor", "/work"], ["assessor", "/heat"], ["it", "/recipients"], ["it", "/leaves"]]) {
    await (await open(browser, login)).context().close();
    const page = await open(browser, login, { lang: "en", javaScript: false });
    await page.goto(path);
    assert.ok(await count(page, "main table tbody tr, main .tasks > li") > 0, `${path} is empty without JavaScript`);
    assert.equal(await page.locator("[data-plot]").isVisible().catch(() => false), false, "an empty plot is shown");
    await page.context().close();
  }
  console.log(`${pagesSeen} page views; server ${base}`);
});
