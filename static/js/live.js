// The live page: polls the snapshot and writes what changed. Without this file the page shows the figures it came with.
import { clockWords, say, showPrice } from "./show.js";

const EVERY_MS = 2000;
const SLOWEST_MS = 30000;
const SPREAD_MS = 2500;

const live = document.getElementById("live");
const words = live.dataset;
const offline = document.getElementById("offline");
const offers = document.getElementById("offers");
const stage = Object.fromEntries([...live.querySelectorAll("[data-stage]")].map((part) => [part.dataset.stage, part]));

let etag = "";
let wait = EVERY_MS;
let timer = 0;
let onAir = Number(words.onAir || 0);
let serverAhead = 0;
let endsAt = stage.ends?.dataset.until ? Date.parse(stage.ends.dataset.until) : 0;

async function poll() {
  clearTimeout(timer);
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(words.snapshot, { headers, cache: "no-store" });
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(String(answer.status));
      etag = answer.headers.get("ETag") || "";
      const snapshot = await answer.json();
      serverAhead = Date.parse(snapshot.server_time) - Date.now();
      show(snapshot);
    }
    wait = EVERY_MS;
    if (offline) offline.hidden = true;
  } catch {
    wait = Math.min(SLOWEST_MS, wait * 2);
    if (offline) offline.hidden = false;
  }
  if (!document.hidden) timer = setTimeout(poll, wait * (0.8 + Math.random() * 0.4));
}

function show(snapshot) {
  const isOtherPage = snapshot.state !== words.state || (words.state === "live" && !offers && snapshot.offers.length);
  if (isOtherPage) {
    // Everybody's page changes now; spread the reloads so that the shop stays quick.
    setTimeout(() => location.reload(), Math.random() * SPREAD_MS);
    return;
  }
  if (!offers) return;
  for (const offer of snapshot.offers) showRow(offer, snapshot.on_air);
  showStage(snapshot.offers.find((offer) => offer.id === snapshot.on_air));
}

const inWords = (offer, name) => (words.locale === "en" && offer[`${name}_en`]) || offer[name];
const photoOf = (offer) => words.photos + offer.photo;

function showRow(offer, onAirId) {
  const row = offers.querySelector(`[data-offer="${offer.id}"]`) ?? newRow(offer);
  const slot = (name) => row.querySelector(`[data-slot="${name}"]`);
  showPrice(slot("price"), offer.price_fen);
  showWas(slot("was"), offer);
  slot("left").textContent = offer.left ? say(words.sayLeft, offer.left) : words.saySoldOut;
  slot("buy").hidden = offer.state !== "open" || !offer.left;
  slot("closed").hidden = offer.state === "open";
  row.hidden = offer.id === onAirId;
}

function newRow(offer) {
  const row = offers.firstElementChild.cloneNode(true);
  row.id = `offer-${offer.id}`;
  row.dataset.offer = offer.id;
  row.dataset.most = offer.left;
  row.querySelector(".photo").src = photoOf(offer);
  row.querySelector('[data-slot="title"]').textContent = inWords(offer, "title");
  row.querySelector('[data-slot="spec"]').textContent = inWords(offer, "spec");
  const buy = row.querySelector('[data-slot="buy"]');
  const address = new URL(buy.href);
  address.searchParams.set("offer", offer.id);
  buy.href = address;
  offers.append(row);
  return row;
}

function showStage(offer) {
  stage.idle.hidden = Boolean(offer);
  stage.offer.hidden = stage.form.hidden = !offer;
  document.documentElement.classList.toggle("has-buy-bar", Boolean(offer));
  if (!offer) {
    onAir = 0;
    return;
  }
  if (offer.id !== onAir) showOtherOffer(offer);
  showPrice(stage.price, offer.price_fen);
  showWas(stage.was, offer);
  stage.left.textContent = offer.left ? say(words.sayNumber, offer.left) : words.saySoldOut;
  const row = offers.querySelector(`[data-offer="${offer.id}"]`);
  stage.bar.max = Math.max(1, Number(row.dataset.most), offer.left);
  stage.bar.value = offer.left;
  showCap(offer);
  endsAt = offer.ends_at ? Date.parse(offer.ends_at) : 0;
}

function showOtherOffer(offer) {
  onAir = offer.id;
  stage["offer-id"].value = offer.id;
  stage.title.textContent = inWords(offer, "title");
  stage.spec.textContent = inWords(offer, "spec");
  stage.photo.querySelector("img").src = photoOf(offer);
  stage.form.querySelector("input[type=number]").value = 1;
}

function showWas(slot, offer) {
  slot.hidden = offer.list_price_fen <= offer.price_fen;
  slot.querySelector("s").textContent = `¥${(offer.list_price_fen / 100).toFixed(2)}`;
}

function showCap(offer) {
  stage.cap.hidden = !offer.cap_per_buyer;
  stage.cap.textContent = offer.cap_per_buyer ? say(words.sayCap, offer.cap_per_buyer) : "";
  const quantity = stage.form.querySelector("input[type=number]");
  quantity.max = Math.max(1, Math.min(offer.left, offer.cap_per_buyer ?? offer.left, 99));
  if (Number(quantity.value) > Number(quantity.max)) quantity.value = quantity.max;
  const canBuy = offer.state === "open" && offer.left > 0;
  stage.buy.disabled = !canBuy;
  stage["buy-words"].textContent = canBuy ? words.sayBuy : offer.left ? words.sayClosed : words.saySoldOut;
}

function showEnd() {
  const left = Math.ceil((endsAt - Date.now() - serverAhead) / 1000);
  stage.ends.hidden = !(left > 0);
  if (left > 0) stage.ends.querySelector("[data-clock]").textContent = clockWords(left);
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) poll();
});
window.addEventListener("online", poll);

if (stage.form) {
  document.documentElement.classList.toggle("has-buy-bar", !stage.form.hidden);
  setInterval(showEnd, 500);
}
poll();
