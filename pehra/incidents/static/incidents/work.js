// The work on an incident by keyboard, and what is typed kept on the server while it is typed. Every page works without this file.
"use strict";

const KEEP_AFTER_MS = 1500;

function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

for (const form of document.querySelectorAll("form[data-unsaved]")) {
  const status = form.querySelector("[data-kept]");
  let waiting = 0;
  let changed = false;

  const keep = async (isLast) => {
    if (!changed) return;
    changed = false;
    const answer = await fetch(form.dataset.unsaved, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-Requested-With": "unsaved" },
      redirect: "error",
      keepalive: isLast,
    });
    if (!answer.ok) throw new Error(String(answer.status));
    if (status) {
      status.textContent = `${status.dataset.kept} ${new Date().toTimeString().slice(0, 5)}`;
    }
  };
  // A lost line is no reason to lose words: it stays changed, and the next pause tries again.
  const attempt = (isLast) => keep(isLast).catch(() => { changed = true; if (status) status.textContent = "…"; });

  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(waiting);
    waiting = setTimeout(() => attempt(false), KEEP_AFTER_MS);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    changed = false;
  });
  window.addEventListener("online", () => attempt(false));
  window.addEventListener("pagehide", () => attempt(true));
}

const line = document.getElementById("line");
const rows = [...document.querySelectorAll("[data-row]")];
let here = -1;

function stand(place) {
  if (!rows.length) return;
  here = Math.max(0, Math.min(place, rows.length - 1));
  rows[here].focus();
  rows[here].scrollIntoView({ block: "nearest" });
}

if (line && window.location.hash === "#quick") line.focus();

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && isWriting(event.target) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
    return;
  }
  if (event.key === "Escape" && event.target === line) return line.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target) || document.querySelector("dialog[open]")) return;
  const key = pressed(event);
  if (key === "n" && line) line.focus();
  else if (key === "j") stand(here + 1);
  else if (key === "k") stand(here - 1);
  else return;
  event.preventDefault();
});
