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
    if (!field.name || field.name === "csrfmiddlewaretoken") continue;
    if (/^(radio|checkbox)$/.test(field.type)) {
      said[field.name] ||= [];
      if (field.checked) said[field.name].push(field.value);
    } else if (/^(text|textarea|search|email|tel|number|datetime-local|select-one)$/.test(field.type)) {
      said[field.name] = field.value;
    }
  }
  return said;
}

// Where the page still shows what was there when the typing began, all of it comes back. Where somebody saved meanwhile,
// what they said stands, and only what is empty is filled.
function restore(form, said, isAsItWas) {
  for (const field of form.elements) {
    const value = said[field.name];
    if (value === undefined) continue;
    if (Array.isArray(value)) {
      if (!isAsItWas || field.checked === value.includes(field.value)) continue;
      field.checked = !field.checked;
    } else {
      if (!value || field.value === value || (field.value && !isAsItWas)) continue;
      field.value = value;
    }
    form.classList.add("restored");
  }
  const folded = form.closest("details");
  if (folded && form.classList.contains("restored")) folded.open = true;
}

// First: what was taken is not shown again. Which drafts were sent is noted, for the page that says so may be another.
if (document.querySelector("[data-draft-done] li:not(.error)")) {
  for (const key of [...sent(), SENT]) sessionStorage.removeItem(key);
}
for (const form of document.querySelectorAll("form[data-draft]")) {
  const empty = JSON.stringify(words(form));
  const kept = sessionStorage.getItem(keyOf(form));
  if (kept && !form.querySelector(".refusal")) {
    const { before, said = {} } = JSON.parse(kept);
    restore(form, said, before === empty);
  }
  form.addEventListener("input", () => {
    const said = words(form);
    if (JSON.stringify(said) === empty) sessionStorage.removeItem(keyOf(form));
    else sessionStorage.setItem(keyOf(form), JSON.stringify({ before: empty, said }));
  });
}
// A letter is looked at and then sent, by two forms of one page; a form of another page sends none of this one's drafts.
document.addEventListener("submit", (event) => {
  const here = sent().filter((key) => key.startsWith(`${DRAFT}${location.pathname}#`));
  const own = event.target.dataset.draft ? [keyOf(event.target)] : [];
  sessionStorage.setItem(SENT, JSON.stringify([...here, ...own]));
});
