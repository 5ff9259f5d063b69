// Comfort only: every page reads and works without this file.
"use strict";

// Times come in UTC; show them in the reader's zone, and keep UTC as a hint.
for (const el of document.querySelectorAll("time[datetime]")) {
  const t = new Date(el.getAttribute("datetime"));
  if (Number.isNaN(t.getTime())) continue;
  el.title = el.textContent;
  el.textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
    day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  }).format(t);
}

// A filter acts when it is changed by pointer; by keyboard the button stays the way.
for (const form of document.querySelectorAll("form.filters")) {
  let byPointer = false;
  form.addEventListener("pointerdown", () => { byPointer = true; });
  form.addEventListener("keydown", () => { byPointer = false; });
  form.addEventListener("change", () => { if (byPointer) form.requestSubmit(); });
}

// Copy a command. The button is made here, so that no one meets one that does nothing.
for (const pre of document.querySelectorAll("pre[data-copy]")) {
  if (!navigator.clipboard) break;
  const b = document.createElement("button");
  b.type = "button";
  b.className = "quiet";
  b.textContent = pre.dataset.copy;
  b.addEventListener("click", async () => {
    await navigator.clipboard.writeText(pre.textContent);
    b.textContent = pre.dataset.copied;
  });
  pre.after(b);
}
