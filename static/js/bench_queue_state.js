// How things stand on this device: what the server said last, and on top of it what it has not heard yet. Pure.
//
// page   what the page was made from: {now, pieces, fen, cards: [{task, number, mix, rate, batch, done, size}], putBacks: [{task}]}
// truth  the server's last answer: {now, pieces, fen, inHand, putBack}, or nothing
// mine   this person's actions, oldest first: {key, kind, state, task, of, fen, ...}

const FINISHES = new Set(["done", "scan"]);

/** What the person has in hand and has earned, as she may trust it. */
export function standing(page, truth, mine) {
  const base = truth && truth.now > page.now ? truth : null;
  const inHand = new Set(base ? base.inHand : page.cards.map((card) => card.task));
  const putBack = new Set(base ? base.putBack : page.putBacks.map((each) => each.task));
  const sum = { pieces: (base ?? page).pieces, fen: (base ?? page).fen };
  for (const action of mine) if (action.state === "waiting") apply(action, inHand, putBack, sum);
  return {
    ...sum,
    cards: page.cards.filter((card) => inHand.has(card.task)),
    putBacks: page.putBacks.filter((each) => putBack.has(each.task)),
    waiting: mine.filter((action) => action.state === "waiting").length,
    // There is work that this page has no card for, or a rest that it says nothing of.
    isOutdated: base !== null && (has(base.inHand, page.cards) || has(base.putBack, page.putBacks) || hasRest(page, mine)),
    progress: (card) => progress(card, page.cards, inHand, mine),
  };
}

function apply(action, inHand, putBack, sum) {
  if (FINISHES.has(action.kind) && inHand.delete(action.task)) {
    // What the server has counted already is not in hand any more, so nothing is added twice.
    sum.pieces += 1;
    sum.fen += action.fen;
  } else if (action.kind === "undo") {
    inHand.add(action.task);
    sum.pieces -= 1;
    sum.fen -= action.fen;
  } else if (action.kind === "give_back") inHand.delete(action.task);
  else if (action.kind === "put_back") putBack.delete(action.task);
}

const hasRest = (page, mine) => mine.some((action) => action.kind === "rest" && action.state === "done" && action.answeredAt > page.now);
const has = (tasks, known) => tasks.some((task) => !known.some((each) => each.task === task));

/** How far the batch of a card is: what was given back or stopped does not count. */
function progress(card, cards, inHand, mine) {
  const gone = cards.filter((each) => each.batch === card.batch && !inHand.has(each.task));
  const given = gone.filter((each) => isGivenBack(lastOf(each.task, mine)));
  return { done: card.done + gone.length - given.length, size: card.size - given.length };
}

const lastOf = (task, mine) => mine.filter((action) => action.task === task).at(-1);
const isGivenBack = (action) => action !== undefined && (action.kind === "give_back" || action.state === "refused");

/** The number in a scan, as the server reads it: the end of an address, without dashes. */
export function numberIn(code) {
  const plain = code.normalize("NFKC").toUpperCase().replace(/[\p{C}\p{Z}]/gu, "").replace(/\/+$/, "");
  const number = plain.slice(plain.lastIndexOf("/") + 1);
  return /^[A-Z0-9][A-Z0-9-]{2,39}$/.test(number) ? number.replaceAll("-", "") : "";
}

/** What a scan means: "done" or "show" with a card, "already", "ask" the server, or "unreadable". */
export function judge(code, page, now, shown) {
  const number = numberIn(code);
  if (!number) return { verdict: "unreadable" };
  const card = page.cards.find((each) => each.number === number);
  if (!card) return { verdict: "ask" };
  if (!now.cards.includes(card)) return { verdict: "already" };
  // Parcels with the same goods may be scanned in any order; one with others is looked at first.
  const isSame = shown !== null && (shown.task === card.task || shown.mix === card.mix);
  return { verdict: isSame ? "done" : "show", card };
}
