// Who else looks at this page now, and drafts that outlive a bad line. Every page works without this file.
"use strict";

for (const place of document.querySelectorAll("[data-presence]")) {
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(place.dataset.presence, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.ok) place.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  };
  // A failed fetch is a weak link, not news: the next one tries again.
  ask().catch(() => {});
  setInterval(() => ask().catch(() => {}), 20000);
}

// What somebody types stays in this browser's tab until a page says that it was taken: a lost line loses no words.
const DRAFT = "pehra-draft:";
const SENT = "pehra-draft-sent";

function keyOf(form) {
  return `${DRAFT}${location.pathname}#${form.dataset.draft}`;
}

function sent() {
  return JSON.parse(sessionStorage.getItem(SENT) || "[]");
}

function words(form) {
  const said = {};
  for (const field of form.elements) {
    if (field.name && field.name !== "csrfmiddlewaretoken" && /^(text|textarea|search|email|tel|datetime-local|select-one)$/.test(field.type)) {
      said[field.name] = field.value;
    }
  }
  return said;
}

// First: what was taken is not shown again. Which drafts were sent is noted, for the page that says so may be another.
if (document.querySelector("[data-draft-done] li:not(.error)")) {
  for (const key of [...sent(), SENT]) sessionStorage.removeItem(key);
}
for (const form of document.querySelectorAll("form[data-draft]")) {
  const empty = JSON.stringify(words(form));
  const kept = sessionStorage.getItem(keyOf(form));
  if (kept && !form.querySelector(".refusal")) {
    const said = JSON.parse(kept);
    for (const [name, value] of Object.entries(said)) {
      if (!value || !form.elements[name] || form.elements[name].value) continue;
      form.elements[name].value = value;
      form.classList.add("restored");
    }
  }
  form.addEventListener("input", () => {
    const now = JSON.stringify(words(form));
    if (now === empty) sessionStorage.removeItem(keyOf(form));
    else sessionStorage.setItem(keyOf(form), now);
  });
}
// A letter is looked at and then sent, by two forms of one page; a form of another page sends none of this one's drafts.
document.addEventListener("submit", (event) => {
  const here = sent().filter((key) => key.startsWith(`${DRAFT}${location.pathname}#`));
  const own = event.target.dataset.draft ? [keyOf(event.target)] : [];
  sessionStorage.setItem(SENT, JSON.stringify([...here, ...own]));
});
