// Passkeys: asks the browser to make one or to show one, and sends what it answers. Without this file the forms that
// need it stay hidden, and every other way in works.
"use strict";

function options(form) {
  const kept = document.getElementById("passkey-options");
  return kept ? JSON.parse(kept.textContent) : null;
}

async function asked(form) {
  if (form.dataset.passkey === "make") return window.webauthnJSON.create(options(form).creation_options);
  if (form.dataset.passkey === "show") return window.webauthnJSON.get(options(form).request_options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`no challenge: ${answer.status}`);
  return window.webauthnJSON.get((await answer.json()).request_options);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.webauthnJSON || !window.webauthnJSON.supported()) {
    const without = document.querySelector("[data-passkey-without]");
    if (without) without.hidden = false;
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    const credential = form.elements.namedItem("credential");
    if (credential.value) return;
    event.preventDefault();
    const refusal = form.querySelector("[data-passkey-refusal]");
    const button = form.querySelector("button");
    button.disabled = true;
    refusal.hidden = true;
    try {
      credential.value = JSON.stringify(await asked(form));
      form.submit();
    } catch {
      // Somebody closed the browser's window, or no passkey of theirs is there: the browser tells no page which.
      refusal.hidden = false;
      button.disabled = false;
    }
  });
}
