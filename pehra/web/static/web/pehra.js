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
