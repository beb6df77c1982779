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
let flash = stage.flash?.dataset.until ? momentsOf(stage.flash.dataset) : null;
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
  showMessage(snapshot.message);
  if (!offers) return;
  for (const offer of snapshot.offers) showRow(offer, snapshot.on_air);
  showStage(snapshot.offers.find((offer) => offer.id === snapshot.on_air));
}

function showMessage(words) {
  const place = document.getElementById("message");
  place.hidden = !words;
  const said = place.querySelector("bdi");
  if (said.textContent !== words) said.textContent = words;
}

const inWords = (offer, name) => (words.locale === "en" && offer[`${name}_en`]) || offer[name];
const yuanOf = (flash) => (flash.price_fen / 100).toFixed(2);
const photoOf = (offer) => words.photos + offer.photo;

function showRow(offer, onAirId) {
  const row = offers.querySelector(`[data-offer="${offer.id}"]`) ?? newRow(offer);
  const slot = (name) => row.querySelector(`[data-slot="${name}"]`);
  showPrice(slot("price"), offer.price_fen);
  showWas(slot("was"), offer);
  showRowFlash(slot("flash"), offer.flash);
  slot("left").textContent = offer.left ? say(words.sayLeft, offer.left) : words.saySoldOut;
  slot("buy").hidden = offer.state !== "open" || !offer.left;
  slot("wait").hidden = offer.state !== "open" || offer.left > 0;
  slot("closed").hidden = offer.state === "open";
  row.hidden = offer.id === onAirId;
}

function showRowFlash(slot, flash) {
  slot.hidden = !flash;
  if (!flash) return;
  const before = secondsTo(Date.parse(flash.from));
  const said = before > 0 ? say(words.sayFlashSoon, yuanOf(flash)) : words.sayFlashOn;
  slot.textContent = `${said} ${clockWords(before > 0 ? before : Math.max(0, secondsTo(Date.parse(flash.until))))}`;
}

function newRow(offer) {
  const row = offers.firstElementChild.cloneNode(true);
  row.id = `offer-${offer.id}`;
  row.dataset.offer = offer.id;
  row.dataset.most = offer.left;
  row.querySelector(".photo").src = photoOf(offer);
  row.querySelector('[data-slot="title"]').textContent = inWords(offer, "title");
  row.querySelector('[data-slot="spec"]').textContent = inWords(offer, "spec");
  row.querySelector('[data-slot="place"]').textContent = say(words.sayPlace, offers.children.length + 1);
  for (const link of row.querySelectorAll('[data-slot="buy"], [data-slot="wait"]')) {
    const address = new URL(link.href);
    address.searchParams.set("offer", offer.id);
    link.href = address;
  }
  const share = row.querySelector('[data-slot="share"]');
  share.href = share.href.replace(/\/offers\/\d+/, `/offers/${offer.id}`);
  share.removeAttribute("aria-label");
  offers.append(row);
  return row;
}

function showStage(offer) {
  stage.idle.hidden = Boolean(offer);
  stage.offer.hidden = stage.form.hidden = stage["share-line"].hidden = !offer;
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
  flash = offer.flash && { ...momentsOf({ begins: offer.flash.from, until: offer.flash.until }), yuan: yuanOf(offer.flash) };
  endsAt = offer.ends_at ? Date.parse(offer.ends_at) : 0;
}

function showOtherOffer(offer) {
  onAir = offer.id;
  stage["offer-id"].value = offer.id;
  stage.share.href = stage.share.href.replace(/\/offers\/\d+/, `/offers/${offer.id}`);
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
  // For what is sold out there is a line.
  const most = offer.left || 99;
  quantity.max = Math.max(1, Math.min(most, offer.cap_per_buyer ?? most, 99));
  if (Number(quantity.value) > Number(quantity.max)) quantity.value = quantity.max;
  const isOpen = offer.state === "open";
  stage.buy.disabled = !isOpen;
  stage["buy-words"].textContent = !isOpen ? words.sayClosed : offer.left ? words.sayBuy : words.sayWait;
}

function momentsOf({ begins, until }) {
  return { begins: Date.parse(begins), until: Date.parse(until) };
}

// By the server's clock: the phone's own may be a day off.
const secondsTo = (moment) => Math.ceil((moment - Date.now() - serverAhead) / 1000);

let wasOn = null;

function showFlash() {
  const left = flash ? secondsTo(flash.until) : 0;
  stage.flash.hidden = !(left > 0);
  if (!(left > 0)) return;
  const before = secondsTo(flash.begins);
  const isOn = !(before > 0);
  stage.flash.querySelector("[data-clock]").textContent = clockWords(isOn ? left : before);
  if (flash.yuan) {
    const said = isOn ? words.sayFlashOn : say(words.sayFlashSoon, flash.yuan);
    stage.flash.querySelector("[data-flash-words]").textContent = said;
  }
  // The price changes at this second: ask for it now, not at the next turn.
  if (wasOn === false && isOn) poll();
  wasOn = isOn;
}

function showEnd() {
  showFlash();
  const left = secondsTo(endsAt);
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
