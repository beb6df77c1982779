// Sends what waits on this device: in its order, each person's with that person's pass, until it is answered.

import { ageOf } from "./bench_queue_clock.js";

const MOST_AT_ONCE = 50;
const PATIENCE_MS = 15000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60000;

/**
 * `changed(state)` is called after each round. The state is idle (nothing to send), sent, offline, sign-in (the pass is
 * over) or ask-lead (the person packs here no longer); what waits stays on the device in the last three.
 */
export function createSender(store, changed) {
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
      state = await alone(() => sendAll(store));
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
function alone(act) {
  return navigator.locks ? navigator.locks.request("gongfang-bench-queue", act) : act();
}

async function sendAll(store) {
  let worst = "idle";
  for (const person of new Set((await waiting(store)).map((action) => action.person))) {
    const state = await sendOf(store, person);
    if (state === "offline") return state;
    if (worst === "idle" || state !== "sent") worst = state;
  }
  return worst;
}

const waiting = async (store) => (await store.all()).filter((action) => action.state === "waiting");

async function sendOf(store, person) {
  for (;;) {
    const actions = (await waiting(store)).filter((action) => action.person === person).slice(0, MOST_AT_ONCE);
    if (!actions.length) return "sent";
    const answer = await post(await store.fact(`pass ${person}`), actions);
    if (answer === null) return "offline";
    if (answer.status === 401) return "sign-in";
    if (answer.status === 403) return "ask-lead";
    if (answer.status !== 200 || !(await settle(store, person, actions, answer.body))) return "offline";
  }
}

/** The answer, or nothing when none came, or only half of one. */
async function post(pass, actions) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch("/bench/queue", {
      method: "POST",
      // The cookie is that of whoever has the tablet now.
      credentials: "omit",
      cache: "no-store",
      headers: { "Content-Type": "application/json", Accept: "application/json", Authorization: `Bearer ${pass ?? ""}` },
      body: JSON.stringify({ actions: actions.map(asSent) }),
      signal: patience.signal,
    });
    return { status: answer.status, body: answer.ok ? await answer.json() : null };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function asSent(action) {
  const { key, seq, kind, task, card, code, reason, of } = action;
  return { key, seq, kind, task, card, code, reason, of, age_ms: ageOf(action), device_ms: action.wall };
}

/** Write the answers down; says whether the queue became shorter. */
async function settle(store, person, actions, body) {
  const answers = new Map(body.results.map((answer) => [answer.key, answer]));
  const put = actions
    .filter((action) => (answers.get(action.key)?.state ?? "later") !== "later")
    .map((action) => {
      const { state, code, say } = answers.get(action.key);
      return { ...action, state, answerCode: code, say, answeredAt: body.now };
    });
  const truth = { now: body.now, ...body.today, inHand: body.in_hand, putBack: body.put_back };
  await store.change({ put, facts: { [`truth ${person}`]: truth } });
  return put.length > 0;
}
