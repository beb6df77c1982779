// The page that a device keeps: shows the list, or the form of the contract that the address names, filled from what is kept.

import { randomKey } from "./bench_queue_clock.js";

const contracts = JSON.parse(document.querySelector("[data-contracts]").dataset.contracts);
const form = document.querySelector("[data-weigh-in]");
const [, id] = /^\/bench\/weigh\/in\/(\d+)$/.exec(location.pathname) ?? [];

if (contracts[id]) show(contracts[id]);
// Without a contract there is no form to bring to life.
else form.remove();

function show({ farmer, product, grades, quote }) {
  document.querySelector("[data-title]").textContent = `${farmer} · ${product}`;
  document.querySelector("[data-kept-list]").hidden = true;
  document.querySelector("[data-other]").hidden = false;
  Object.assign(form.dataset, { weighIn: id, farmer });
  form.elements.key.value = randomKey();
  form.querySelector("[data-grades]").replaceChildren(...grades.map(card));
  const price = form.querySelector("[data-quote]");
  if (quote) price.textContent = price.textContent.replace("{fen}", (quote.fen / 100).toFixed(2)).replace("{market}", quote.market).replace("{day}", quote.day);
  else price.remove();
  form.hidden = false;
}

function card(grade) {
  const label = form.querySelector("[data-grade-template]").content.cloneNode(true).firstElementChild;
  label.querySelector("input").value = grade.name;
  label.querySelector("img").src = grade.picture;
  const words = label.querySelector(".choice-words");
  const [note, lookFor] = words.querySelectorAll(".hint");
  words.firstChild.textContent = grade.name;
  note.textContent = grade.note;
  lookFor.textContent = grade.look_for;
  return label;
}
