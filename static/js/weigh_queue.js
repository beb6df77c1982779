// The one queue of this page: opened once, told to everybody who shows it.
//
//   gongfang:weighed   {state}   on document, after each round of sending.

import { stamp } from "./bench_queue_clock.js";
import { createSender } from "./weigh_send.js";
import { openStore } from "./weigh_store.js";

const root = document.querySelector("[data-weigh-queue]");
const FIRST_MS = 6000;

const tell = (state) => document.dispatchEvent(new CustomEvent("gongfang:weighed", { detail: { state } }));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The store and its sender, or nothing where this browser keeps none. */
export const queue = open();

async function open() {
  if (!root) return null;
  try {
    const store = await openStore();
    const { person, pass } = root.dataset;
    // The newer pass lasts longer: a page from the device's memory must not put an old one in its place.
    const isOld = root.dataset.kept !== undefined;
    if (!isOld || !(await store.pass(person))) await store.notePass(person, pass);
    const sender = createSender(store, tell);
    for (const name of ["online", "focus", "pageshow"]) window.addEventListener(name, () => sender.wake());
    sender.flush();
    return { store, sender, person };
  } catch (error) {
    console.warn("nothing is kept on this device", error);
    return null;
  }
}

/** Keep a slip on the disk, try to send it, and say how it stands; still waiting after a while is an answer too. */
export async function handIn(slip) {
  const { store, sender, person } = await queue;
  await store.keep({ photos: [], ...slip, person, state: "waiting", ...stamp() });
  await Promise.race([sender.wake(), sleep(FIRST_MS)]);
  return store.get(slip.key);
}
