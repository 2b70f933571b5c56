// Keys for people who stand watch. Every page works without this file.
"use strict";

const PLACES = { s: "/", r: "/intake/", i: "/incidents/", f: "/findings/", l: "/threads/" };
const FIELDS = "input:not([type=hidden]), select, textarea";
let waiting = false;

// The key as an English keyboard names it: whoever writes Urdu has other letters on the same keys.
function pressed(event) {
  if (event.key === "؟") return "?";
  const letter = /^[^\x00-\x7f]/.test(event.key) && /^Key([A-Z])$/.exec(event.code);
  return letter ? letter[1].toLowerCase() : event.key;
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const paste = document.getElementById("paste");
  const keys = document.getElementById("keys");
  const key = pressed(event);
  if (waiting && PLACES[key]) {
    window.location.assign(PLACES[key]);
  } else if (key === "/" && paste) {
    event.preventDefault();
    paste.focus();
  } else if (key === "?" && keys) {
    keys.showModal();
  }
  waiting = key === "g";
});

// The situation stays true while somebody watches it: fetched anew, unless they are at work in it or look elsewhere.
const live = document.querySelector("main[data-refresh-seconds]");

async function refresh() {
  const atWork = live.contains(document.activeElement) || live.querySelector("details[open]") || String(getSelection());
  if (document.hidden || atWork) return;
  const answer = await fetch(window.location.href, { headers: { "X-Requested-With": "refresh" } });
  if (answer.redirected) return window.location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  if (fresh) live.replaceChildren(...fresh.childNodes);
}

if (live) {
  // A failed fetch is a weak link, not news: the next one tries again, and the page says of when it is.
  setInterval(() => refresh().catch(() => {}), Number(live.dataset.refreshSeconds) * 1000);
}

// A menu closes on Escape and when somebody presses elsewhere, as people expect of menus.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keyup", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A link to a folded piece of a page unfolds it, and whoever followed it can write at once.
function unfold(isAsked) {
  const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = place && place.closest("details");
  if (!folded) return;
  folded.open = true;
  const field = folded.querySelector(FIELDS);
  if (field && isAsked) field.focus({ preventScroll: true });
}

// What was done is said at the top and stays in sight, also where the page opens further down, until somebody goes on.
const told = document.querySelector(".messages");
if (told) {
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => told.classList.add("read"), { once: true });
}
addEventListener("hashchange", () => unfold(true));
unfold(!told);

// A form that was refused may stand far down: it is brought to sight, with what was typed still in it.
const refused = document.querySelector("main .refusal[role=alert]");
if (refused) {
  const form = refused.closest("form");
  const named = form && refused.dataset.field && form.querySelector(`[name="${CSS.escape(refused.dataset.field)}"]:not([type=hidden])`);
  const field = named || (form && form.querySelector(FIELDS));
  if (field) field.focus({ preventScroll: true });
  refused.scrollIntoView({ block: "center" });
}

// What is too large is said before it goes over the line: a file by its field's limit, all of a form by a request's.
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.type !== "file" || !field.form) return;
  const bytes = (fields) => fields.flatMap((one) => [...one.files]).reduce((sum, file) => sum + file.size, 0);
  const all = [...field.form.querySelectorAll("input[type=file]")];
  for (const one of all) one.setCustomValidity("");
  const over = [[all, document.body], [[field], field]].find(([fields, { dataset }]) => bytes(fields) > Number(dataset.bytesMax));
  if (over) field.setCustomValidity(over[1].dataset.tooLarge);
  field.reportValidity();
});

// On a narrow screen tabs and sections run past its edge: the current one is brought into sight.
for (const current of document.querySelectorAll(".rail [aria-current], .tabs [aria-current]")) {
  const strip = current.closest(".rail, .tabs");
  const [here, whole] = [current.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollBy({ left: here.left + here.width / 2 - whole.left - whole.width / 2, behavior: "instant" });
}
