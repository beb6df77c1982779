// Shows what this device still has to send, and what became of what it sent.

import { keepForLater } from "./weigh_keep.js";
import { queue } from "./weigh_queue.js";

const root = document.querySelector("[data-weigh-queue]");
const list = root?.querySelector("[data-weigh-list]");
const line = root?.querySelector("[data-weigh-line]");
const lang = document.documentElement.lang === "en" ? "en" : "zh";
let state = "idle";

function words(slip) {
  const said = root.dataset;
  const stuck = { "sign-in": said.signIn, "not-here": said.notHere }[state] ?? said.waiting;
  const base = { waiting: stuck, written: said.written, second: said.second }[slip.state] ?? `${said.refused}：${slip.say?.[lang] ?? ""}`;
  const faults = Object.values(slip.faults ?? {}).map((fault) => fault[lang]);
  return [base, ...faults, ...(slip.lostPhotos ? [said.noPhoto] : [])].join(" ");
}

function show(slip, store) {
  const row = line.content.cloneNode(true).firstElementChild;
  const part = (name) => row.querySelector(`[data-${name}]`);
  part("farmer").textContent = slip.farmer;
  part("net").textContent = slip.net;
  part("state").textContent = words(slip);
  if (slip.where) Object.assign(part("look"), { href: slip.where, hidden: false });
  if (slip.state === "refused") Object.assign(part("mend"), { href: `/bench/weigh/in/${slip.contract}?again=${slip.key}`, hidden: false });
  part("drop").hidden = slip.state === "waiting";
  part("drop").addEventListener("click", async () => {
    await store.drop(slip.key);
    render();
  });
  return row;
}

async function render() {
  const { store } = (await queue) ?? {};
  if (!store) return;
  const slips = await store.all();
  list.replaceChildren(...slips.map((slip) => show(slip, store)));
  root.hidden = slips.length === 0;
}

if (root) {
  document.addEventListener("gongfang:weighed", (event) => {
    state = event.detail.state;
    render();
  });
  render();
  if (root.dataset.kept === undefined) keepForLater(root.dataset.worker, root.dataset.person);
  else giveWay();
}

/**
 * A page from the device's memory gives way to the fresh one once there is a network, while nobody has touched it: a farmer who
 * has just been tapped, or a name half typed, would be lost. Whoever has touched it gets the fresh page with their next step.
 */
function giveWay() {
  let isTouched = false;
  for (const touch of ["pointerdown", "keydown", "input"]) document.addEventListener(touch, () => (isTouched = true), { once: true, capture: true });
  window.addEventListener("online", () => !isTouched && !document.querySelector("[data-weigh-in]:not([hidden])") && location.replace("/bench/weigh/in"));
}
