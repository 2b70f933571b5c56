// Keys for people who stand watch. Every page works without this file.
"use strict";

const PLACES = { s: "/", i: "/incidents/", f: "/findings/" };
let waiting = false;

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const paste = document.getElementById("paste");
  const keys = document.getElementById("keys");
  if (waiting && PLACES[event.key]) {
    window.location.assign(PLACES[event.key]);
  } else if (event.key === "/" && paste) {
    event.preventDefault();
    paste.focus();
  } else if (event.key === "?" && keys) {
    keys.showModal();
  }
  waiting = event.key === "g";
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

// A link to a folded piece of a page unfolds it.
function unfold() {
  const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = place && place.closest("details");
  if (folded) folded.open = true;
}
addEventListener("hashchange", unfold);
unfold();
