// The packer's work goes on without a network. Whatever she does is written to the device first, shown at once, and sent
// in the background, always in this one way: with a network nobody notices, without one nothing is lost. Without this
// file, or where the browser keeps nothing, every form is sent as ever.
//
// Other scripts tell it of scans (gongfang:scan) and hear of what counts (gongfang:done, gongfang:trouble).

import { ageOf, randomKey, stamp } from "./bench_queue_clock.js";
import { keepForLater } from "./bench_queue_offline.js";
import * as screen from "./bench_queue_screen.js";
import { createSender } from "./bench_queue_send.js";
import { judge, standing } from "./bench_queue_state.js";
import { openStore } from "./bench_queue_store.js";

const UNDO_MS = 10000;
const DOUBLE_TAP_MS = 600;
const SEND_FIRST_MS = 3000;
const ON_THE_WAY_MS = 2000;
const READING_MS = 5000;
const KEPT_DAYS_MS = 4 * 24 * 3600 * 1000;
const FORGET_AFTER_MS = 14 * 24 * 3600 * 1000;
const QUIET = new Set(["other_goods"]);

const root = document.querySelector("[data-queue]");
const work = document.querySelector("[data-work]");
const me = Number(root?.dataset.person ?? 0);
const isKept = "kept" in (root?.dataset ?? {});
const page = screen.readPage();
const shown = screen.shownAtFirst();
let store = null;
let actions = [];
let truth = null;
let state = "idle";
let hadToWait = false;
let readUntil = 0;
const told = new Set();
// The card that the page came with was brought by no tap: the first press on it counts, however early.
let shownAt = -Infinity;
let panel = false;
let turn = null;

const mine = () => actions.filter((action) => action.person === me);
const now = () => standing(page, truth, mine());
const isWell = () => state === "idle" || state === "sent";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`gongfang:${name}`, { detail }));

/** One thing after the other: each is on the disk before the next is looked at, so that fast scans are never dropped. */
function inTurn(act) {
  turn = turn.then(act).catch((error) => console.error(error));
  return turn;
}

/** What came while the store was still being opened has waited in its turn; where there is none, the form goes as ever. */
function orElse(act, send) {
  return inTurn(() => (store ? act() : send()));
}

// ---- what she does ----

/** Write an action down and let it be sent. */
async function note(kind, facts) {
  const action = await store.add({ key: randomKey(), person: me, kind, state: "waiting", ...facts, ...stamp() });
  actions.push(action);
  screen.dropOldNews();
  screen.clearNews();
  sender.wake();
  return action;
}

async function finish(kind, card, facts = {}) {
  if (!now().cards.includes(card)) return;
  const action = await note(kind, { task: card.task, parcel: card.number, fen: card.rate, ...facts });
  render();
  offerUndo(action, UNDO_MS);
}

function offerUndo(action, leftMs) {
  const { pieces, fen } = now();
  const words = screen.sayDone({ pieces, fen }, leftMs, () => inTurn(() => takeBack(action)));
  if (leftMs === UNDO_MS) tell("done", { pieces, fen, words });
}

async function takeBack(done) {
  screen.clearDone();
  await note("undo", { of: done.key, task: done.task, parcel: done.parcel, fen: done.fen });
  Object.assign(shown, { kind: "", task: done.task });
  render();
  screen.sayNote(screen.sentence("undone"));
}

/** Each scan is looked at in its turn, with the card that is shown by then. */
async function scan(code) {
  const card = page.cards.find((each) => shown.kind === "card" && each.task === shown.task) ?? null;
  const found = judge(code, page, now(), card);
  if (found.verdict === "done") await finish("scan", found.card, { code, card: card.task });
  else if (found.verdict === "show") {
    Object.assign(shown, { kind: "", task: found.card.task });
    render();
    trouble(screen.sentence("otherGoods"));
  } else if (found.verdict === "already") screen.sayNote(screen.sentence("already"));
  else if (found.verdict === "unreadable") trouble(screen.sentence("unreadable"));
  else {
    const asked = await note("scan", { task: null, fen: 0, parcel: "", code: code.slice(0, 60), card: card?.task });
    sayIfUnanswered(asked);
  }
}

/** A number that is not in this batch is a question to the server; without one she is told that it was noted. */
async function sayIfUnanswered(asked) {
  await Promise.race([sender.flush(), sleep(SEND_FIRST_MS)]);
  const { state: answered } = actions.find((action) => action.key === asked.key) ?? {};
  if (answered === "waiting") trouble(screen.sentence("asking", { code: asked.code }));
}

async function giveBack(reason, isPerson) {
  const cards = isPerson ? now().cards : now().cards.filter((card) => card.task === shown.task);
  for (const card of cards) await note("give_back", { task: card.task, parcel: card.number, reason });
  // With empty hands nothing goes back, and the rest itself is what counts.
  if (isPerson && !cards.length) await note("rest", { task: null, reason });
  closePanel();
  screen.sayNote(screen.noted(reason));
}

async function putBack(task) {
  await note("put_back", { task, parcel: page.putBacks.find((each) => each.task === task)?.number ?? "" });
  render();
  screen.sayNote(screen.sentence("thanks"));
}

function trouble(words) {
  screen.sayTrouble(words);
  tell("trouble", { words });
}

// ---- what she sees ----

function render() {
  const view = now();
  if (work && !panel) showWork(view);
  if (work) screen.showSum(view);
  showWaiting(view);
  showAnswers();
}

/** Goods to put back first, then the card that is shown as long as it is in hand, then the next one, then empty hands. */
function showWork(view) {
  const card = view.cards.find((each) => each.task === shown.task) ?? view.cards[0];
  const [kind, task] = view.putBacks.length ? ["put-back", view.putBacks[0].task] : card ? ["card", card.task] : emptyHands();
  if (kind !== shown.kind || task !== shown.task) {
    screen.showScreen(kind, task);
    Object.assign(shown, { kind, task });
    shownAt = performance.now();
  }
  if (kind === "card") screen.showProgress(view.progress(card));
  if (kind !== "home") screen.showAbout(kind === "card" ? card : null);
}

/** A page that came without work keeps what the server said about it. */
const emptyHands = () => (page.cards.length || page.putBacks.length ? ["empty", null] : ["home", null]);

function showWaiting(view) {
  if (!root) return;
  const others = actions.filter((action) => action.person !== me && action.state === "waiting").length;
  const oldest = mine().find((action) => action.state === "waiting");
  const isSlow = oldest !== undefined && (!isWell() || ageOf(oldest) > ON_THE_WAY_MS);
  if (view.waiting && isSlow) {
    hadToWait = true;
    const kind = { "sign-in": "signIn", "ask-lead": "askLead", offline: "one" }[state] ?? "sending";
    screen.sayWaiting(kind, view.waiting);
  } else if (others && !isWell()) screen.sayWaiting("others", others);
  else if (!view.waiting && hadToWait) {
    hadToWait = false;
    readUntil = performance.now() + READING_MS;
    screen.sayWaiting("sent", 0);
  } else if (!view.waiting && performance.now() > readUntil) screen.sayWaiting("", 0);
}

/** What was not as she thought: refused, or counted before on another device. */
function showAnswers() {
  if (!root) return;
  const answers = mine().filter(isNews).map((action) => ({ key: action.key, words: wordsFor(action) }));
  screen.sayAnswers(answers, (key) => inTurn(() => see(key)));
}

function isNews(action) {
  if (action.seen || action.state === "waiting" || QUIET.has(action.answerCode)) return false;
  if (action.state === "refused") return !truth?.putBack.includes(action.task) || action.answerCode !== "cancelled";
  return action.answerCode === "paid_not_sent" || (action.state === "already" && ["done", "scan"].includes(action.kind));
}

function wordsFor(action) {
  const lang = document.documentElement.lang === "en" ? "en" : "zh";
  const words = action.say?.[lang] || screen.sentence("already");
  const number = action.parcel || action.code;
  return number ? screen.sentence("tail", { end: number.slice(-4) }) + words : words;
}

async function see(key) {
  const action = actions.find((each) => each.key === key);
  action.seen = true;
  await store.change({ put: [action] });
  render();
}

// ---- something is wrong, without a network ----

function openPanel() {
  panel = true;
  screen.showWrong(shown.kind === "card");
}

function closePanel() {
  panel = false;
  history.replaceState(null, "", "/bench");
  shown.kind = "";
  render();
}

// ---- what was answered ----

async function refresh(newState = state) {
  const [kept, said] = await store.look(`truth ${me}`);
  [actions, truth, state] = [kept, said ?? null, newState];
  render();
  for (const action of mine().filter((each) => isNews(each) && !told.has(each.key))) {
    told.add(action.key);
    tell("trouble", { words: wordsFor(action) });
  }
}

/** What was answered, seen, and is part of the page by now need not be kept; nor what is days old. */
function dropOld() {
  const done = actions.filter((action) => action.state !== "waiting");
  const drop = done.filter((action) => (!isNews(action) && (action.person !== me || action.answeredAt < page.now)) || ageOf(action) > KEPT_DAYS_MS);
  return drop.length ? store.change({ drop: drop.map((action) => action.seq) }) : null;
}

/** Once nothing waits, nothing can be undone and all is read, the server's own page is the better one. */
function freshPageIfDue() {
  const view = now();
  const isIdle = !view.waiting && !panel && !screen.isUndoOpen() && !screen.isSaying() && !mine().some(isNews);
  // A page that the device kept is loaded anew only after the server was heard, or it would come again and again.
  const isNear = navigator.onLine && (isKept ? state === "sent" : isWell());
  if (work && isIdle && isNear && (view.isOutdated || shown.kind === "empty")) {
    const { number } = page.cards.find((card) => shown.kind === "card" && card.task === shown.task) ?? {};
    location.replace(number ? `/bench?parcel=${number}` : "/bench");
  }
}

// ---- the page's forms ----

function pressed(event) {
  const form = event.target;
  const [, path] = /^(\/bench.*)$/.exec(new URL(form.action).pathname) ?? [];
  if (!path || form.method !== "post") return;
  const [, task, button] = /^\/bench\/tasks\/(\d+)\/(done|put-back)$/.exec(path) ?? [];
  if (work && button) {
    event.preventDefault();
    free(form);
    // The second half of a double tap must not finish the card that has just come.
    if (performance.now() - shownAt < DOUBLE_TAP_MS) return;
    const card = page.cards.find((each) => each.task === Number(task));
    orElse(() => (button === "done" ? finish("done", card) : putBack(Number(task))), () => form.submit());
  } else if (work && path === "/bench/scan") scanTyped(event, form);
  else if (/^\/bench\/(work|hand-over|sign-in|wrong\/\w+)$/.test(path)) {
    event.preventDefault();
    sendFirst(form, path);
  }
}

function scanTyped(event, form) {
  const field = form.elements.code;
  const code = field.value;
  if (/^\s*GF-/i.test(code.normalize("NFKC"))) return;
  event.preventDefault();
  field.value = "";
  if (code.trim()) scanned(code, form);
}

function scanned(code, form) {
  orElse(() => scan(code), () => {
    form.elements.code.value = code;
    form.submit();
  });
}

/** What waits goes before what is asked for now: the server then knows what is done. */
async function sendFirst(form, path) {
  await turn;
  const outcome = sender && (await Promise.race([sender.flush(), sleep(SEND_FIRST_MS)]));
  const isNear = (outcome ?? "sent") !== "offline" || (await isServerNear());
  if (isNear || path.startsWith("/bench/wrong/")) {
    form.submit();
    return;
  }
  trouble(screen.sentence(path === "/bench/work" ? "noNetwork" : "noHandOver"));
  free(form);
}

/** One lost answer is not a lost network: ask once more for something small. */
const isServerNear = () =>
  Promise.race([fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok, () => false), sleep(SEND_FIRST_MS)]);

function free(form) {
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

function clicked(event) {
  const choice = event.target.closest("[data-trouble], [data-give-back], [data-all-well]");
  if (!choice) return;
  event.preventDefault();
  const { trouble: reason, giveBack: given } = choice.dataset;
  if (reason) screen.showScreen("what-next", reason);
  else if (given) inTurn(() => giveBack(given, ["unwell", "break"].includes(given)));
  else closePanel();
}

// ---- begin ----

let sender = null;

async function begin() {
  store = await openStore();
  sender = createSender(store, refresh);
  if (me) await store.change({ facts: { [`pass ${me}`]: root.dataset.pass, [`seen ${me}`]: Date.now() } });
  await refresh();
  await dropOld();
  await store.forget(FORGET_AFTER_MS);
  if (isKept) screen.dropOldNews();
  const last = mine().filter((action) => action.kind !== "put_back").at(-1);
  if (work && last && ["done", "scan"].includes(last.kind) && last.task && last.state !== "refused" && ageOf(last) < UNDO_MS - 1000) {
    screen.dropOldNews();
    offerUndo(last, UNDO_MS - ageOf(last));
  }
  if (work && new URLSearchParams(location.search).has("wrong")) openPanel();
  for (const name of ["online", "focus", "pageshow"]) window.addEventListener(name, () => sender.wake());
  if (isKept) window.addEventListener("online", () => !now().waiting && location.replace("/bench"));
  setInterval(() => {
    render();
    freshPageIfDue();
  }, 1000);
  sender.flush();
  if (me) keepForLater(root.dataset.worker, me, work !== null);
}

// Listened to from the first moment: a scan that comes early waits its turn.
turn = begin().catch((error) => {
  store = null;
  console.warn("nothing is kept on this device", error);
});
document.addEventListener("submit", pressed);
document.addEventListener("click", clicked);
document.addEventListener("gongfang:scan", (event) => {
  const form = document.querySelector("[data-scan]");
  if (!work || !form) return;
  event.preventDefault();
  scanned(event.detail.code, form);
});
window.gongfangForms?.();
