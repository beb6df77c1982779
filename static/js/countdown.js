// Counts down to data-until by the server's clock: a phone that is wrong by minutes still shows the truth.
import { clockWords } from "./show.js";

const RELOAD_AFTER_MS = 1500;

/** Start a countdown in `strip`; returns a function that stops it. */
export function countDown(strip) {
  const clock = strip.querySelector("[data-clock]");
  const until = Date.parse(strip.dataset.until);
  const serverAhead = Date.parse(strip.dataset.now) - performance.timeOrigin - responseStart();
  let timer = 0;

  function tick() {
    const left = Math.max(0, Math.ceil((until - Date.now() - serverAhead) / 1000));
    clock.textContent = clockWords(left);
    if (left > 0) return;
    stop();
    if ("leave" in strip.dataset) strip.hidden = true;
    if ("reload" in strip.dataset) setTimeout(() => location.reload(), RELOAD_AFTER_MS);
  }

  function stop() {
    clearInterval(timer);
  }

  if (!Number.isFinite(until) || until <= Date.now() + serverAhead) return stop;
  timer = setInterval(tick, 500);
  tick();
  return stop;
}

/** When the page's first byte arrived: the moment that data-now speaks of. */
function responseStart() {
  return performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
}

for (const strip of document.querySelectorAll("[data-until]:not([data-stage])")) countDown(strip);
