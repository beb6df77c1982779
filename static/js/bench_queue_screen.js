// Shows on the bench's page what the queue knows: the next card, the sum of today, what waits, what was answered.

import { showPrice, yuan } from "./show.js";

const words = document.querySelector("[data-queue] template[data-sentences]")?.dataset ?? {};
const screen = document.querySelector("[data-screen]");
const work = document.querySelector("[data-work]");
// What the server said to empty hands has no template of its own.
const home = [...(screen?.childNodes ?? [])];
const zone = makeZone();

/** A sentence of the page with its places filled in. */
export const sentence = (name, values = {}) => fill(words[name] ?? "", values);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Fen as it is said: "9 元 6 角", the same as kernel/money.py. */
export function spoken(fen) {
  const parts = [[Math.trunc(fen / 100), "元"], [Math.trunc(fen / 10) % 10, "角"], [fen % 10, "分"]];
  return parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ") || "0 元";
}

/** What the page was made from (see bench_queue_state.js). */
export function readPage() {
  const all = (name) => [...(work?.querySelectorAll(`template[data-${name}]`) ?? [])];
  return {
    now: Number(work?.dataset.now ?? 0),
    pieces: Number(work?.dataset.pieces ?? 0),
    fen: Number(work?.dataset.fen ?? 0),
    cards: all("card").map(({ dataset }) => ({
      task: Number(dataset.card),
      number: dataset.number,
      mix: dataset.mix,
      rate: Number(dataset.rate),
      batch: dataset.batch,
      done: Number(dataset.done),
      size: Number(dataset.size),
    })),
    putBacks: all("put-back").map(({ dataset }) => ({ task: Number(dataset.putBack), number: dataset.number })),
  };
}

/** The task that the page came with, as {kind, task}; nothing on pages without one. */
export function shownAtFirst() {
  const [, task, button] = /tasks\/(\d+)\/(done|put-back)$/.exec(screen?.querySelector("form[action*='/tasks/']")?.action ?? "") ?? [];
  return task ? { kind: button === "done" ? "card" : "put-back", task: Number(task) } : { kind: "home", task: null };
}

/** Put a screen on the page: a card, goods to put back, empty hands, what the page came with, or what is wrong. */
export function showScreen(kind, value = "") {
  if (kind === "home") screen.replaceChildren(...home);
  else screen.replaceChildren(templateOf(kind, value).content.cloneNode(true));
  for (const button of screen.querySelectorAll("[data-speak-now]")) button.hidden = !window.speechSynthesis;
  // As a new page would: from its top, and read on from its beginning.
  window.scrollTo({ top: 0, behavior: "instant" });
  document.getElementById("main").focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("gongfang:screen"));
}

function templateOf(kind, value) {
  const hasValue = ["card", "put-back", "what-next"].includes(kind);
  return work.querySelector(hasValue ? `template[data-${kind}="${value}"]` : `template[data-part="${kind}"]`);
}

/** The boxes and the hidden heading say how far the batch is. */
export function showProgress({ done, size }) {
  const boxes = screen.querySelector(".boxes");
  const heading = screen.querySelector("[data-place]");
  const mark = `${done} ${size}`;
  if (!boxes || boxes.dataset.progress === mark) return;
  boxes.dataset.progress = mark;
  if (heading) heading.textContent = sentence("place", { place: done + 1, size });
  boxes.setAttribute("aria-label", sentence("boxes", { done, size }));
  boxes.replaceChildren(...Array.from({ length: size }, (_, index) => box(index, done)));
}

function box(index, done) {
  const item = document.createElement("span");
  item.className = `box${index < done ? " is-done" : ""}${index === done ? " is-now" : ""}`;
  if (index < done) item.append(part("tick"));
  else item.textContent = index + 1;
  return item;
}

/** The field for scans and the way to "something is wrong" belong to the card on the screen. */
export function showAbout(card) {
  const scan = document.querySelector("[data-scan]");
  if (scan && card) {
    scan.elements.card.value = card.task;
    scan.elements.shown.value = card.number;
  }
  const scanning = document.querySelector("[data-scanning]");
  if (scanning) scanning.hidden = !card;
  const wrong = document.querySelector(".bench-foot a[href^='/bench/wrong']");
  if (wrong) wrong.href = card ? `/bench/wrong?parcel=${card.number}` : "/bench/wrong";
}

export function showSum({ pieces, fen }) {
  const earned = document.querySelector(".bench-earned");
  const label = earned?.querySelector(".bench-earned-label");
  const mark = `${pieces} ${fen}`;
  if (!label || label.dataset.sum === mark) return;
  label.dataset.sum = mark;
  correctDone({ pieces, fen });
  label.textContent = sentence("today", { count: pieces });
  showPrice(earned, Math.max(0, fen));
}

/** What the page itself had to say is old once something new happens. */
export function dropOldNews() {
  for (const old of document.querySelectorAll(".page > .notices, .page > .bench-done, .page > .strip")) old.remove();
}

/** A fresh copy of one of the page's parts. */
function part(name) {
  return document.querySelector(`[data-queue] template[data-part="${name}"]`).content.cloneNode(true);
}

/** A line with words in it, put into its place in the zone; an empty list of words clears the place. */
function say(place, name, text) {
  const slot = zone.querySelector(`[data-slot=${place}]`);
  if (!name) {
    slot.replaceChildren();
    return null;
  }
  const line = part(name).firstElementChild;
  const slotForWords = line.querySelector("[data-words]");
  if (slotForWords) slotForWords.textContent = text;
  slot.replaceChildren(line);
  return line;
}

/** Good news and bad news of the moment. */
export const sayNote = (text) => say("news", text && "note", text);
export const sayTrouble = (text) => say("news", "trouble", text);
export const clearNews = () => say("news", "");

/** "Packed, number 12 today", with the way back for as many seconds as are left. Gives the words. */
export function sayDone(sum, leftMs, takeBack) {
  const line = say("done", "done", doneWords(sum));
  const button = line.querySelector("[data-take-back]");
  const ends = performance.now() + leftMs;
  const timer = setInterval(tick, 250);
  button.addEventListener("click", takeBack);
  tick();
  return doneWords(sum);

  function tick() {
    const left = Math.ceil((ends - performance.now()) / 1000);
    button.querySelector("[data-seconds]").textContent = ` ${Math.max(0, left)}`;
    if (left > 0 && line.isConnected) return;
    clearInterval(timer);
    button.remove();
  }
}

const doneWords = ({ pieces, fen }) =>
  sentence("done", { count: pieces, spoken: spoken(Math.max(0, fen)), yuan: yuan(Math.max(0, fen)) });

/** The sum in that sentence follows what the server says. */
function correctDone(sum) {
  const slot = zone.querySelector("[data-slot=done] [data-words]");
  if (slot) slot.textContent = doneWords(sum);
}

export const clearDone = () => say("done", "");
/** Whether something is being said that she should have time to read. */
export const isSaying = () => zone.querySelector("[data-slot=waiting] > *") !== null;
export const isUndoOpen = () => zone.querySelector("[data-take-back]") !== null;

/** The calm strip that says what waits. `kind` is one of the attributes of its template, "sent", or nothing. */
export function sayWaiting(kind, count) {
  const slot = zone.querySelector("[data-slot=waiting]");
  const mark = `${kind} ${count}`;
  if (slot.dataset.mark === mark) return;
  slot.dataset.mark = mark;
  if (!kind) say("waiting", "");
  else if (kind === "sent") say("waiting", "sent", "");
  else say("waiting", "waiting", fill(document.querySelector("[data-queue] template[data-part=waiting]").dataset[kind], { count }));
}

/** The short list of what was not as she thought; each line stays until she has seen it. */
export function sayAnswers(answers, seen) {
  const slot = zone.querySelector("[data-slot=answers]");
  const mark = answers.map((answer) => answer.key).join(" ");
  if (slot.dataset.mark === mark) return;
  slot.dataset.mark = mark;
  slot.replaceChildren(
    ...answers.map((answer) => {
      const line = part("answer").firstElementChild;
      line.querySelector("[data-words]").textContent = answer.words;
      line.querySelector("[data-seen]").addEventListener("click", () => seen(answer.key));
      return line;
    }),
  );
}

/** The place for all this: before the work, or first on the page. */
function makeZone() {
  const made = document.createElement("div");
  made.className = "queue-zone";
  for (const name of ["waiting", "answers", "news", "done"]) {
    const slot = document.createElement("div");
    slot.dataset.slot = name;
    made.append(slot);
  }
  const page = document.querySelector("main .page");
  if (screen) screen.before(made);
  else page?.prepend(made);
  return made;
}

/** What is wrong: only what can be said about the work in hand. */
export function showWrong(hasCard) {
  showScreen("wrong");
  for (const choice of screen.querySelectorAll("[data-about=parcel]")) choice.hidden = !hasCard;
}
export const noted = (reason) => work.querySelector(`template[data-what-next="${reason}"]`).dataset.noted;
