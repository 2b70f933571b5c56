// The public form works without this file. With it, what is typed outlives a lost line, a closed page and a second press.
(() => {
  "use strict";
  const KEY = "pehra-report", WAIT_MS = 400, LENGTH_MAX = 400000;
  const keep = {
    read() { try { return JSON.parse(localStorage.getItem(KEY) || "null"); } catch { return null; } },
    write(value) { try { localStorage.setItem(KEY, value); } catch { /* a full or closed store: the page still works */ } },
    forget() { try { localStorage.removeItem(KEY); } catch { /* as above */ } },
  };
  const form = document.querySelector("form[data-report]");

  // A receipt: what was kept on this device has arrived.
  if (document.querySelector("[data-done]")) {
    keep.forget();
    const print = document.querySelector("[data-print]");
    print.hidden = false;
    print.querySelector("button").addEventListener("click", () => window.print());
  }
  // The link is all that leads back: on a phone it is copied by one press. Browsers allow that over a safe line alone.
  const copy = document.querySelector("[data-copy]");
  if (copy && navigator.clipboard) {
    const button = copy.querySelector("button");
    copy.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(copy.dataset.copy);
      button.textContent = button.dataset.copied;
    });
  }
  // What is too large is said before it goes over a slow line, not after.
  for (const files of document.querySelectorAll("input[data-bytes-max]")) {
    files.addEventListener("change", () => {
      const bytes = [...files.files].reduce((sum, file) => sum + file.size, 0);
      files.setCustomValidity(bytes > Number(files.dataset.bytesMax) ? files.dataset.tooLarge : "");
      files.reportValidity();
    });
  }
  const wrong = document.querySelector("[role=alert]");
  if (wrong) { wrong.tabIndex = -1; wrong.focus(); }

  const typed = () => {
    const found = {};
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && value && !["csrfmiddlewaretoken", "secret", "once"].includes(name)) {
        (found[name] ||= []).push(value);
      }
    }
    return found;
  };
  const fill = (values) => {
    for (const field of form.elements) {
      const words = values[field.name];
      if (!words || !Array.isArray(words) || field.type === "file" || field.type === "hidden") continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = words.includes(field.value);
      else field.value = String(words[0]);
    }
    if (Object.keys(values).length) form.querySelectorAll("details").forEach((part) => { part.open = true; });
  };
  // Only the whole form is kept, not what is added to a report; and nothing of somebody who wishes to stay unknown.
  const isKept = form && form.elements.secret;
  let waiting = 0;
  const save = () => {
    if (form.elements.anonymous && form.elements.anonymous.checked) { keep.forget(); return; }
    const text = JSON.stringify(typed());
    if (text.length <= LENGTH_MAX) keep.write(text);
  };
  if (isKept) {
    const before = keep.read();
    if (before && Object.keys(before).length && !("given" in form.dataset)) {
      fill(before);
      const note = document.querySelector("[data-kept]");
      note.hidden = false;
      note.querySelector("[data-forget]").addEventListener("click", () => {
        keep.forget(); form.reset(); note.hidden = true; form.querySelector("textarea").focus();
      });
    }
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(save, WAIT_MS); });
    window.addEventListener("pagehide", () => { if (waiting) save(); });
  }
  if (form) {
    const offline = document.querySelector("[data-offline]");
    let isSending = false;
    form.addEventListener("submit", (event) => {
      if (isSending) { event.preventDefault(); return; }
      if (navigator.onLine === false && offline) {
        event.preventDefault(); save(); offline.hidden = false; offline.scrollIntoView({ block: "center" });
        return;
      }
      isSending = true;
      const button = event.submitter;
      if (button && button.dataset.sending) setTimeout(() => { button.textContent = button.dataset.sending; button.disabled = true; });
    });
    // Back again by the browser's own arrow: the button can be pressed once more.
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    window.addEventListener("online", () => { if (offline) offline.hidden = true; });
  }
})();

// Letters that no font of the device has: fetched when the page stands, and never over a slow line or against a wish to save.
addEventListener("load", () => {
  const line = navigator.connection || {};
  const fonts = document.querySelector('meta[name="fonts"]');
  if (!fonts || line.saveData || /2g/.test(line.effectiveType || "")) return;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = fonts.content;
  document.head.append(sheet);
});
