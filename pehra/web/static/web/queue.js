// Queues by keyboard: j and k move, Enter opens, x chooses, * chooses the page, e and a act. Every queue works without this file.
"use strict";

const queue = document.querySelector("[data-queue]");

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
    if (row && !queue.querySelector("input[name=chosen]:checked") && boxOf(row)) boxOf(row).checked = true;
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
    const target = event.target;
    const isTyping = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping || document.querySelector("dialog[open]")) return;
    if (event.key === "j") stand(here + 1);
    else if (event.key === "k") stand(here - 1);
    else if (event.key === "x" && rows()[here] && boxOf(rows()[here])) {
      const box = boxOf(rows()[here]);
      box.checked = !box.checked;
      count();
    } else if (event.key === "*") {
      const boxes = [...queue.querySelectorAll("input[name=chosen]")];
      const all = boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = !all;
      count();
    } else if (event.key === "e" || event.key === "a") press(event.key);
    else return;
    event.preventDefault();
  });
  count();
}
