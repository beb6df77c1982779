// The size of letters changes at once, and nothing that was typed is lost. Without this file the page is loaded anew.

const form = document.querySelector("[data-choices]");

form?.addEventListener("submit", (event) => {
  const chosen = event.submitter;
  if (!chosen?.value) return;
  event.preventDefault();
  const root = document.documentElement;
  root.className = root.className.replace(/\btext-\d+\b/, `text-${chosen.value}`);
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === chosen));
  // Without a network it holds for this page; nobody is stopped from working by it.
  fetch(form.action, { method: "POST", body: new FormData(form, chosen), redirect: "manual" }).catch(() => {});
});
