// The board keeps itself fresh: it loads again each minute while it is looked at and nobody is typing in it.
const EVERY_MS = 60_000;

setInterval(() => {
  const isBusy = document.activeElement?.matches("input, select, textarea, button, summary") || document.querySelector("details[open]");
  const hasText = [...document.querySelectorAll("input[type=search]")].some((field) => field.value !== "");
  if (document.visibilityState === "visible" && !isBusy && !hasText) location.reload();
}, EVERY_MS);
