// How a device sends what waits on it: one round at a time, with pauses that grow while there is no network.

const PATIENCE_MS = 15000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60000;

/** `sendAll()` is one round and resolves with a state; `changed(state)` is called after each. */
export function createRounds(name, sendAll, changed) {
  let timer = 0;
  let pause = FIRST_PAUSE_MS;
  let running = null;
  let isAskedAgain = false;

  /** Send all that waits. One at a time: whoever asks meanwhile gets the outcome of one more round. */
  function flush() {
    if (running) {
      isAskedAgain = true;
      return running;
    }
    clearTimeout(timer);
    running = rounds().finally(() => {
      running = null;
    });
    return running;
  }

  async function rounds() {
    let state;
    do {
      isAskedAgain = false;
      state = await alone(name, sendAll);
    } while (isAskedAgain && ["idle", "sent"].includes(state));
    if (state === "offline") {
      // Not all tablets of a bench in the same moment.
      timer = setTimeout(flush, pause * (0.8 + Math.random() * 0.4));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    } else pause = FIRST_PAUSE_MS;
    await changed(state);
    return state;
  }

  /** The network may be back: no need to wait for the pause to end. */
  function wake() {
    pause = FIRST_PAUSE_MS;
    return flush();
  }

  return { flush, wake };
}

/** Two windows on one device take turns. Where a browser has no locks, the keys make a double sending harmless. */
function alone(name, act) {
  return navigator.locks ? navigator.locks.request(name, act) : act();
}

/** Post with somebody's pass; the answer, or nothing when none came, or only half of one. */
export async function ask(address, pass, body, kind) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(address, {
      method: "POST",
      // The cookie is that of whoever has the device now.
      credentials: "omit",
      cache: "no-store",
      headers: { "Content-Type": kind, Accept: "application/json", Authorization: `Bearer ${pass ?? ""}` },
      body,
      signal: patience.signal,
    });
    return { status: answer.status, body: answer.ok ? await answer.json() : null };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
