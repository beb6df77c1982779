// The control page: keys, the undo's ten seconds, and a word when somebody else changed something. The rest is plain forms.

const page = document.querySelector("[data-control]");
const OFF = "gongfang.keys-off";
// Keys that lead to a field instead of a button.
const FIELD_KEYS = { p: "field-price", s: "field-allotment" };

hideUndoInTime(page.querySelector("[data-undo-until]"));
offerKeys(page.querySelector("[data-keys]"));
page.addEventListener("parts", ({ detail }) => noticeOthers(detail.terms));

function hideUndoInTime(line) {
  if (!line) return;
  // The server's clock counts: how long the line is shown does not depend on this device's time.
  const left = Date.parse(line.dataset.undoUntil) - Date.parse(line.dataset.now);
  setTimeout(() => line.contains(document.activeElement) || line.remove(), Math.max(0, left));
}

/** Somebody else changed terms: show the new page at once, unless something is being typed. */
function noticeOthers(terms) {
  // The first figures may be from just before this page: only what is newer than it counts.
  if (!terms || Number(terms) <= Number(page.dataset.terms)) return;
  const isTyping = [...document.querySelectorAll("[data-terms-form] input:not([type=hidden])")].some(
    (field) => field.value !== field.defaultValue || field === document.activeElement,
  );
  const isAsked = page.querySelector("details[open], .errors");
  if (isTyping || isAsked) page.querySelector("[data-changed]").hidden = false;
  else location.reload();
}

function offerKeys(line) {
  const button = line.querySelector("[data-keys-switch]");
  let isOn = localStorage.getItem(OFF) === null;
  line.hidden = false;
  mark();

  button.addEventListener("click", () => {
    isOn = !isOn;
    if (isOn) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
    mark();
  });

  document.addEventListener("keydown", (event) => {
    if (!isOn || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    const field = document.getElementById(FIELD_KEYS[key] ?? "");
    const pressed = /^[a-z0-9]$/.test(key) && page.querySelector(`[data-key="${key}"]`);
    if (!field && !pressed) return;
    event.preventDefault();
    if (field) field.select();
    else pressed.click();
  });

  function mark() {
    button.textContent = isOn ? button.dataset.sayOff : button.dataset.sayOn;
    document.documentElement.classList.toggle("has-keys", isOn);
  }
}
