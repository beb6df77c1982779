// Nothing typed is lost: what stands in a form when its page is reloaded or left by a wrong tap is there again on Back.
// Browsers do this by themselves only for fields that they may suggest values for, which shared devices forbid.
// It lasts as long as the tab, and goes when a person signs in or out.

import { newBag } from "./weigh_bags.js";

const PLACE = `typed ${location.pathname}${location.search}`;
// Sent with a form that may have arrived: the same key again is the same wish again.
const KEYS = ["key", "form_key"];
const NOT_KEPT = new Set(["hidden", "file", "password", "submit", "button"]);

const forms = [...document.querySelectorAll("main form[data-once]")];
const sent = new Set();
let isLeaving = false;
const arrival = performance.getEntriesByType("navigation")[0]?.type;

if (arrival === "navigate") forgetSent();
restore();

for (const form of forms) {
  form.addEventListener("input", () => sent.delete(form));
  form.addEventListener("submit", () => sent.add(form));
}
addEventListener("pagehide", keep);
document.addEventListener("visibilitychange", () => document.hidden && keep());

// The next person finds nothing of this one's (common.js forgets what other pages kept).
document.addEventListener(
  "submit",
  (event) => {
    if (/\/(sign-in|sign-out|hand-over)$/.test(new URL(event.target.action, location.href).pathname)) isLeaving = true;
  },
  true,
);

function keep() {
  if (isLeaving) return;
  const typed = forms.filter(isTouched).map((form) => ({
    place: forms.indexOf(form),
    action: form.action,
    isSent: sent.has(form),
    keys: KEYS.map((name) => form.elements[name]?.value),
    fields: fieldsOf(form).map((field) => [field.name, field.value, Boolean(field.checked)]),
  }));
  store((kept) => (typed.length > 0 ? kept.setItem(PLACE, JSON.stringify(typed)) : kept.removeItem(PLACE)));
}

function restore() {
  const typed = store((kept) => JSON.parse(kept.getItem(PLACE) ?? "[]")) ?? [];
  for (const { place, action, isSent, keys, fields } of typed) {
    const form = forms[place];
    // Opened anew a form is empty, but for what was sent and never answered.
    if (form?.action !== action || (arrival === "navigate" && !isSent)) continue;
    if (isSent) KEYS.forEach((name, at) => form.elements[name] && keys[at] && (form.elements[name].value = keys[at]));
    for (const [name, value, isChecked] of fields) put(form, name, value, isChecked);
    for (const fold of folds(form)) fold.open = true;
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function put(form, name, value, isChecked) {
  const [, bag] = /^gross_(\d+)$/.exec(name) ?? [];
  if (bag && !form.elements[name]) form.querySelector("[data-bags]").append(newBag(form, bag));
  const named = fieldsOf(form).filter((field) => field.name === name);
  const box = named.find((field) => isBox(field) && field.value === value);
  if (box) box.checked = isChecked;
  else if (named[0] && !isBox(named[0])) named[0].value = value;
}

/** This page is the answer to what was sent from the page before it: it has arrived, or stands here with what is wrong. */
function forgetSent() {
  if (!document.referrer) return;
  const { pathname, search } = new URL(document.referrer);
  const place = `typed ${pathname}${search}`;
  store((kept) => JSON.parse(kept.getItem(place) ?? "[]").some((form) => form.isSent) && kept.removeItem(place));
}

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && field.type && !NOT_KEPT.has(field.type) && !field.disabled);
}

function isBox(field) {
  return field.type === "checkbox" || field.type === "radio";
}

function isTouched(form) {
  return fieldsOf(form).some((field) => {
    if (isBox(field)) return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0;
    return field.value !== field.defaultValue;
  });
}

function folds(form) {
  const found = [];
  for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) found.push(fold);
  return found;
}

function store(use) {
  try {
    return use(sessionStorage);
  } catch {
    return undefined; // A browser that keeps nothing: it is typed again.
  }
}
