// Queues by keyboard: j and k move, Enter opens, x chooses, * chooses the page, e and a act, also on the page of one.
// Every page works without this file.
"use strict";

const queue = document.querySelector("[data-queue]");

function isOff(event) {
  const target = event.target;
  const isTyping = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";
  return event.ctrlKey || event.metaKey || event.altKey || isTyping || document.querySelector("dialog[open]");
}

// On the page of one, what is pressed is there to be pressed, or a folded form that opens for its reason.
if (!queue) {
  document.addEventListener("keydown", (event) => {
    const act = ["a", "e"].includes(pressed(event)) && !isOff(event) && document.querySelector(`[data-act="${pressed(event)}"]`);
    if (!act) return;
    event.preventDefault();
    if (act.tagName !== "SUMMARY") return act.click();
    act.parentElement.open = true;
    act.parentElement.querySelector(FIELDS).focus();
  });
}

if (queue) {
  const rows = () => [...queue.querySelectorAll("[data-row]")];
  const boxOf = (row) => row.querySelector("input[type=checkbox][name=chosen]");
  let here = -1;

  const count = () => {
    const chosen = queue.querySelectorAll("input[name=chosen]:checked").length;
    for (const place of document.querySelectorAll("[data-chosen]")) place.textContent = String(chosen);
    for (const bar of document.querySelectorAll("[data-acts]")) bar.classList.toggle("ready", chosen > 0);
  };

  const stand = (place) => {
    const all = rows();
    if (!all.length) return;
    here = Math.max(0, Math.min(place, all.length - 1));
    for (const row of all) row.removeAttribute("aria-current");
    const row = all[here];
    row.setAttribute("aria-current", "true");
    const link = row.querySelector("a");
    if (link) link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const press = (act) => {
    const row = rows()[here];
    if (row && !queue.querySelector("input[name=chosen]:checked")) {
      if (!boxOf(row)) return; // another team decides about this one
      boxOf(row).checked = true;
    }
    count();
    const button = document.querySelector(`[data-act="${act}"]`);
    if (button) button.click();
  };

  queue.addEventListener("change", count);
  queue.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) here = rows().indexOf(row);
  });
  document.addEventListener("keydown", (event) => {
    if (isOff(event)) return;
    const key = pressed(event);
    if (key === "j") stand(here + 1);
    else if (key === "k") stand(here - 1);
    else if (key === "x" && rows()[here] && boxOf(rows()[here])) {
      const box = boxOf(rows()[here]);
      box.checked = !box.checked;
      count();
    } else if (key === "*") {
      const boxes = [...queue.querySelectorAll("input[name=chosen]")];
      const all = boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = !all;
      count();
    } else if (key === "e" || key === "a") press(key);
    else return;
    event.preventDefault();
  });
  count();
}
