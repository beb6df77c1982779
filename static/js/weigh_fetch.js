// Waits for the worker's look at the feed, then shows the page anew; without this file a link does.

const box = document.querySelector("[data-fetch-after]");
const EVERY_MS = 1500;
const MOST_TURNS = 40;

if (box) look(0);

async function look(turn) {
  try {
    const answer = await fetch(box.dataset.fetchUrl, { cache: "no-store", headers: { Accept: "application/json" } });
    if (answer.ok && (await answer.json()).id > Number(box.dataset.fetchAfter)) {
      location.replace(box.dataset.fetchDone);
      return;
    }
  } catch {
    // No connection: look again at the next turn.
  }
  if (turn < MOST_TURNS) setTimeout(() => look(turn + 1), EVERY_MS);
}
