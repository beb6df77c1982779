// Sends what waits on this device: in its order, each person's with that person's pass, until it is answered.

import { ageOf } from "./bench_queue_clock.js";
import { ask, createRounds } from "./device_send.js";

const MOST_AT_ONCE = 50;

/**
 * `changed(state)` is called after each round. The state is idle (nothing to send), sent, offline, sign-in (the pass is
 * over) or ask-lead (the person packs here no longer); what waits stays on the device in the last three.
 */
export const createSender = (store, changed) => createRounds("gongfang-bench-queue", () => sendAll(store), changed);

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

const post = (pass, actions) =>
  ask("/bench/queue", pass, JSON.stringify({ actions: actions.map(asSent) }), "application/json");

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
