// Carried inside the offline form: keeps what is typed, saves it as a file with its hash, opens such a file again.
// The hash is made here and not by crypto.subtle, which browsers refuse to pages that come from a disk.
(() => {
  "use strict";
  const form = document.querySelector("[data-offline-form]");
  const KEY = "pehra-offline", REPORTER = ["name", "email", "phone", "anonymous"];

  const PRIMES = [];
  for (let n = 2; PRIMES.length < 64; n += 1) if (PRIMES.every((p) => n % p)) PRIMES.push(n);
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
  const ROUNDS = PRIMES.map((p) => fraction(Math.cbrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const sha256 = (text) => {
    const bytes = new TextEncoder().encode(text);
    const length = (((bytes.length + 8) >> 6) + 1) * 64;
    const all = new Uint8Array(length);
    all.set(bytes); all[bytes.length] = 0x80;
    const view = new DataView(all.buffer);
    view.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29)); view.setUint32(length - 4, (bytes.length << 3) >>> 0);
    const state = PRIMES.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
    const w = new Int32Array(64);
    for (let at = 0; at < length; at += 64) {
      for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(at + i * 4);
      for (let i = 16; i < 64; i += 1) {
        const a = w[i - 15], b = w[i - 2];
        w[i] = (w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i += 1) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] + value) | 0; });
    }
    return state.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("");
  };

  const typed = () => {
    const answers = {}, reporter = {};
    for (const [name, value] of new FormData(form)) {
      if (!value) continue;
      if (name.startsWith("q-")) (answers[name.slice(2)] ||= []).push(value);
      else if (REPORTER.includes(name)) reporter[name] = value;
    }
    return { answers, reporter: reporter.anonymous ? { anonymous: "yes" } : reporter };
  };
  const fill = (answers, reporter) => {
    for (const field of form.elements) {
      const words = field.name.startsWith("q-") ? answers[field.name.slice(2)] || [] : [reporter[field.name] || ""];
      if (!field.name || field.type === "file") continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = words.includes(field.value);
      else field.value = words.length ? String(words[0]) : "";
    }
  };
  const content = () => JSON.stringify({
    form: "public", profile: form.dataset.profile, version: form.dataset.version, language: form.dataset.language, ...typed(),
  });
  const remember = () => {
    try { if (typed().reporter.anonymous) localStorage.removeItem(KEY); else localStorage.setItem(KEY, content()); }
    catch { /* some browsers give a page from a disk no store */ }
  };
  const show = (name, yes = true) => { document.querySelectorAll(`[data-${name}]`).forEach((part) => { part.hidden = !yes; }); };
  show("script"); show("save"); show("plain", false);
  form.addEventListener("input", remember);
  try {
    const before = JSON.parse(localStorage.getItem(KEY) || "null");
    if (before && Object.keys(before.answers).length) {
      fill(before.answers, before.reporter); show("kept");
      document.querySelector("[data-forget]").addEventListener("click", () => { localStorage.removeItem(KEY); form.reset(); show("kept", false); });
    }
  } catch { /* as above */ }

  document.querySelector("[data-open]").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    try {
      const outer = JSON.parse(await file.text());
      if (outer["pehra-form"] !== 1 || sha256(outer.content) !== outer.sha256) throw new Error("changed");
      const inner = JSON.parse(outer.content);
      fill(inner.answers, inner.reporter); show("unreadable", false); remember();
    } catch { show("unreadable"); }
  });

  document.querySelector("[data-save]").addEventListener("click", () => {
    const needed = form.querySelector("textarea");
    needed.setCustomValidity(needed.value.trim() ? "" : form.dataset.needed);
    if (!needed.reportValidity()) { needed.addEventListener("input", () => needed.setCustomValidity(""), { once: true }); return; }
    const inside = content(), hash = sha256(inside);
    const text = JSON.stringify({ "pehra-form": 1, content: inside, sha256: hash }, null, 1);
    const link = document.createElement("a");
    const day = new Date().toISOString().slice(0, 16).replace(/[-:T]/g, "");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `report-${day}-${hash.slice(0, 8)}.json`;
    document.body.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    document.querySelector("[data-name]").textContent = link.download;
    document.querySelector("[data-hash]").textContent = hash;
    show("saved");
  });
})();
