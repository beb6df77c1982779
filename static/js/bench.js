// The packer's pages: a hand scanner works wherever the focus is, undo counts down, an empty place looks again by itself.

const LOOK_AGAIN_MS = 30000;

// A scanner is a keyboard that ends with Enter. Its first sign may come while a button has the focus: take it to the field.
const field = document.querySelector("[data-scan] input[name=code], input[name=badge]");
if (field) {
  document.addEventListener("keydown", (event) => {
    const isTyped = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isTyped || event.target.closest("input, textarea, select")) return;
    field.value = "";
    field.focus({ preventScroll: true });
  });
}

// The way back stays as long as the server said; then the button goes and the sentence stays.
for (const form of document.querySelectorAll("[data-undo]")) {
  const ends = performance.now() + Number(form.dataset.undo) * 1000;
  const words = form.querySelector("[data-seconds]");
  const timer = setInterval(show, 250);
  show();

  function show() {
    const left = Math.ceil((ends - performance.now()) / 1000);
    words.textContent = ` ${Math.max(0, left)}`;
    if (left > 0) return;
    clearInterval(timer);
    form.remove();
  }
}

// Empty hands: look again quietly, and show the page anew only once there is work.
if (document.querySelector("[data-refresh]")) {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch("/bench").catch(() => null);
    if (answer?.ok && !(await answer.text()).includes("data-refresh")) location.assign("/bench");
  }, LOOK_AGAIN_MS);
}
