// Sends the weigh-ins that wait: photos first, then the figures, each with the pass of whoever weighed.

import { ageOf } from "./bench_queue_clock.js";
import { ask, createRounds } from "./device_send.js";

/** States of a round as in device_send.js, and sign-in (the pass is over) or not-here (the person weighs no longer). */
export const createSender = (store, changed) => createRounds("gongfang-weigh-queue", () => sendAll(store), changed);

async function sendAll(store) {
  let worst = "idle";
  for (const slip of (await store.all()).filter((each) => each.state === "waiting")) {
    const state = await send(store, slip);
    if (state === "offline") return state;
    if (worst === "idle" || state !== "sent") worst = state;
  }
  return worst;
}

async function send(store, slip) {
  const pass = await store.pass(slip.person);
  let lostPhotos = slip.lostPhotos ?? 0;
  for (const photo of slip.photos) {
    const place = `/bench/weigh/in/queue/photos/${photo.kind}/${photo.place}?key=${encodeURIComponent(slip.key)}`;
    const answer = await ask(place, pass, photo.blob, "application/octet-stream");
    const wrong = whatIsWrong(answer);
    if (wrong) return wrong;
    if (answer.body.state !== "kept") lostPhotos += 1;
  }
  const answer = await ask("/bench/weigh/in/queue", pass, JSON.stringify(asSent(slip)), "application/json");
  const wrong = whatIsWrong(answer);
  if (wrong) return wrong;
  const { where, code, say, fields } = answer.body;
  // "waiting" is this device's own word for what has not been sent.
  const state = answer.body.state === "waiting" ? "second" : answer.body.state;
  await store.change({ ...slip, photos: state === "refused" ? slip.photos : [], state, where, code, say, faults: fields, lostPhotos });
  return "sent";
}

function whatIsWrong(answer) {
  if (answer === null) return "offline";
  if (answer.status === 401) return "sign-in";
  if (answer.status === 403) return "not-here";
  return answer.status === 200 ? "" : "offline";
}

const asSent = (slip) => ({ key: slip.key, contract: slip.contract, fields: slip.fields, seen: slip.seen, age_ms: ageOf(slip) });
