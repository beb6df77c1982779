// Small helps for every page. Each is an addition: without this file all forms still work.

for (const stepper of document.querySelectorAll("[data-stepper]")) {
  const input = stepper.querySelector("input");
  for (const button of stepper.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const wanted = Number(input.value || 0) + Number(button.dataset.step);
      input.value = Math.min(Number(input.max), Math.max(Number(input.min), wanted));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

// A form marked data-once is sent once; the server is safe against repeats. The second half of a double tap stays here, so
// that the person sees the answer to the first ("signed"), not the one to a repeat ("there is one already").
const DOUBLE_TAP_MS = 1000;
for (const form of document.querySelectorAll("form[data-once]")) {
  let first = { at: -Infinity, by: null };
  form.addEventListener("submit", (event) => {
    if (event.submitter === first.by && event.timeStamp - first.at < DOUBLE_TAP_MS) {
      event.preventDefault();
      return;
    }
    first = { at: event.timeStamp, by: event.submitter };
    for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-busy", "true");
  });
}

// Without a network the shop answers for itself (shop_worker.js); bench and scale have workers of their own.
if (document.documentElement.classList.contains("face-shop")) navigator.serviceWorker?.register("/shop-worker.js").catch(() => {});

// The bench keeps a page of work for when there is no network. This address is not the service worker's, so whoever signs
// out takes their page along from here.
for (const form of document.querySelectorAll("form[action='/sign-out']")) {
  form.addEventListener("submit", () => window.caches?.delete("bench-work").catch(() => {}));
}

// Whoever leaves, or hands the device on, takes the scale's list of farmers along, and what was typed and not sent (typed.js);
// a badge that is scanned sends a form too.
document.addEventListener(
  "submit",
  (event) => {
    if (!/\/(sign-in|sign-out|hand-over)$/.test(new URL(event.target.action, location.href).pathname)) return;
    window.caches?.delete("weigh-kept").catch(() => {});
    try {
      for (const place of Object.keys(sessionStorage)) if (place.startsWith("typed ")) sessionStorage.removeItem(place);
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  },
  true,
);

// A page that comes back from the browser's memory may have been sent already: free its buttons again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// "Please fill this in" says little in a list: put the field's own label before it.
for (const link of document.querySelectorAll("a[data-needs-label]")) {
  const field = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const label = field?.labels?.[0]?.firstChild ?? field?.querySelector("legend");
  if (label?.textContent.trim()) link.prepend(`${label.textContent.trim()}${document.documentElement.lang === "en" ? ": " : "："}`);
}

document.querySelector("[data-focus]")?.focus();

// An open menu closes when one presses elsewhere, or Escape.
for (const menu of document.querySelectorAll("[data-closes]")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
