// The lead's home keeps itself fresh: the part that changes is fetched again and put in place, while it is looked at.
// Whoever is in the middle of something in it (an open question, a pressed button) is not disturbed.
const EVERY_MS = 15_000;
const live = document.getElementById("lead-live");

const isBusy = () => live.querySelector("details[open], [aria-busy]") !== null;

/** Where the focus is, in words that survive an exchange: the address or the form's place of what has it. */
function placeOf(element) {
  if (!live.contains(element)) return null;
  if (element.href) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  const form = element.closest("form");
  return form ? `form[action="${CSS.escape(form.getAttribute("action"))}"] button` : null;
}

async function freshen() {
  if (document.visibilityState !== "visible" || isBusy()) return;
  try {
    const answer = await fetch(live.dataset.live, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    // A page of something between us and the server is not the board.
    if (!fresh.querySelector("[data-at]")) throw new Error("not the board");
    if (isBusy()) return;
    const focused = placeOf(document.activeElement);
    live.replaceChildren(...fresh.body.childNodes);
    if (focused) live.querySelector(focused)?.focus({ preventScroll: true });
  } catch {
    const strip = live.querySelector("[data-offline]");
    const at = live.querySelector("[data-at]")?.dataset.at ?? "";
    strip.querySelector("[data-offline-words]").textContent = live.dataset.sayOffline.replace("{time}", at);
    strip.hidden = false;
  }
}

setInterval(freshen, EVERY_MS);
document.addEventListener("visibilitychange", freshen);
window.addEventListener("online", freshen);
