// The camera's place on the page: what it sees, a mark on what it read, a lamp, and words where it cannot look.

const KEPT = "gongfang-camera";
const MARK_MS = 900;

/** Storage may be closed; then the camera is started by hand on each page. */
const storage = {
  get: () => { try { return sessionStorage.getItem(KEPT); } catch { return null; } },
  set: (value) => { try { sessionStorage.setItem(KEPT, value); } catch { /* started by hand next time */ } },
};

/** Brings `panel` to life; `take(text)` gets what the camera reads. */
export function watch(panel, take) {
  const part = (name) => panel.querySelector(`[data-camera-${name}]`);
  const [startButton, view, video, mark, says, torch, stopButton] =
    ["start", "view", "video", "mark", "says", "torch", "stop"].map(part);
  let camera = null;
  let isLit = false;
  let unmark = 0;

  function say(words) {
    says.textContent = words;
    says.hidden = !words;
  }

  /** Shows for a moment where the code was, in the picture's own measure. */
  function showMark(text, { topLeft, topRight, bottomRight, bottomLeft }, { width, height }) {
    const corners = [topLeft, topRight, bottomRight, bottomLeft].map(({ x, y }) => `${x},${y}`).join(" ");
    mark.setAttribute("viewBox", `0 0 ${width} ${height}`);
    mark.firstElementChild.setAttribute("points", corners);
    view.classList.add("has-read");
    say(panel.dataset.read.replace("{end}", text.slice(-4)));
    clearTimeout(unmark);
    unmark = setTimeout(() => view.classList.remove("has-read"), MARK_MS);
  }

  async function start() {
    startButton.setAttribute("aria-busy", "true");
    const parts = await import("./bench_scan_camera.js").catch(() => null);
    try {
      camera = await parts.start(video, panel.dataset.worker, {
        found(text, position, picture) {
          showMark(text, position, picture);
          take(text);
        },
        failed() {
          stop();
          say(panel.dataset.failed);
        },
      });
    } catch (error) {
      storage.set("off");
      say(panel.dataset[parts ? parts.whyNot(error) : "failed"]);
      return;
    } finally {
      startButton.removeAttribute("aria-busy");
    }
    storage.set("on");
    view.hidden = false;
    startButton.hidden = true;
    torch.hidden = !camera.torch;
    say(panel.dataset.ready);
  }

  function stop() {
    camera?.stop();
    camera = null;
    view.hidden = true;
    startButton.hidden = false;
    say("");
  }

  startButton.addEventListener("click", start);
  stopButton.addEventListener("click", () => {
    storage.set("off");
    stop();
    startButton.focus();
  });
  torch.addEventListener("click", async () => {
    await camera.torch(!isLit).then(() => { isLit = !isLit; }, () => { torch.hidden = true; });
    torch.setAttribute("aria-pressed", String(isLit));
  });
  // Somebody else's tab, or a dark screen: the camera must not go on looking.
  document.addEventListener("visibilitychange", () => document.hidden && camera && stop());
  window.addEventListener("pagehide", stop);

  panel.hidden = false;
  if (storage.get() === "on") start();
}
