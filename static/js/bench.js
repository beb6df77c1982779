// The packer's pages: undo counts down, an empty place looks again by itself. Scanning is in bench_scan.js.

const LOOK_AGAIN_MS = 30000;

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
