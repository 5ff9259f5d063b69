// Passkeys: the page brings the options, the browser's answer goes back in a form. Without this file people sign in by
// password and code.
"use strict";

const bytes = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const ids = (list) => (list ?? []).map((c) => ({ ...c, id: bytes(c.id) }));

async function create(o) {
  const c = await navigator.credentials.create({ publicKey: { ...o, challenge: bytes(o.challenge),
    user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: ids(o.excludeCredentials) } });
  return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
    response: { clientDataJSON: text(c.response.clientDataJSON), attestationObject: text(c.response.attestationObject),
      transports: c.response.getTransports?.() ?? [] } };
}

async function get(o) {
  const c = await navigator.credentials.get({ publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: ids(o.allowCredentials) } });
  return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
    response: { clientDataJSON: text(c.response.clientDataJSON), authenticatorData: text(c.response.authenticatorData),
      signature: text(c.response.signature), userHandle: c.response.userHandle ? text(c.response.userHandle) : undefined } };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (e) => {
    const answer = form.elements.namedItem("answer");
    if (answer.value) return;
    e.preventDefault();
    failed.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options).publicKey;
      answer.value = JSON.stringify(await (form.dataset.passkey === "create" ? create(options) : get(options)));
      form.requestSubmit();
    } catch {
      failed.hidden = false;
    }
  });
  if (form.dataset.passkey === "get") form.requestSubmit();
}
