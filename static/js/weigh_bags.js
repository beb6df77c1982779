// Bags of one delivery on the form: add, take away, and what they weigh together. Sums of what was typed, no price.

const GRAMS = { kg: 1000, jin: 500 };
const TYPED = /^\d{1,7}(\.\d{1,3})?$/;

/** The row of one more bag, as the server writes rows, with N for the place. */
export function newBag(form, place) {
  const holder = document.createElement("div");
  holder.append(form.querySelector("[data-bag-template]").content.cloneNode(true));
  holder.innerHTML = holder.innerHTML.replaceAll("_N", `_${place}`).replaceAll(/\bN\b/g, String(place));
  return holder.firstElementChild;
}

/** Brings the bags of a form to life; returns what others may ask: the sum, and where the next weight belongs. */
export function startBags(form, most = 40) {
  const bags = form.querySelector("[data-bags]");
  const sum = form.querySelector("[data-bag-sum]");
  const sentence = sum.textContent;
  const rows = () => [...bags.querySelectorAll("[data-bag]")];
  const field = (row, name) => row.querySelector(`input[name^=${name}]`);
  const unit = () => form.elements.unit.value;
  const grams = (input) => (TYPED.test(input.value.trim()) ? Math.round(Number(input.value) * GRAMS[unit()]) : null);
  const kg = (value) => String(Number((value / 1000).toFixed(3)));

  function add() {
    const last = rows().at(-1);
    const place = Number(last?.dataset.bag ?? 0) + 1;
    if (place > most) return;
    const row = newBag(form, place);
    bags.append(row);
    // Bags of one farmer weigh the same as a rule; it stands there to be seen and corrected.
    if (last) field(row, "tare").value = field(last, "tare").value;
    changed();
    field(row, "gross").focus();
  }

  function changed() {
    const totals = { n: 0, gross: 0, tare: 0 };
    for (const row of rows()) {
      const [gross, tare] = [grams(field(row, "gross")), grams(field(row, "tare"))];
      const isWhole = gross !== null && tare !== null;
      row.querySelector("[data-bag-net]").textContent = isWhole ? `= ${kg(gross - tare)} kg` : "";
      row.querySelector("[data-remove-bag]").hidden = rows().length === 1;
      if (isWhole) {
        totals.n += 1;
        totals.gross += gross;
        totals.tare += tare;
      }
    }
    for (const shown of form.querySelectorAll("[data-unit]")) shown.textContent = unit() === "jin" ? shown.dataset.unit : "kg";
    const values = { n: totals.n, gross: kg(totals.gross), tare: kg(totals.tare), net: kg(totals.gross - totals.tare) };
    sum.textContent = sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    sum.hidden = totals.n === 0;
  }

  form.addEventListener("input", changed);
  bags.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-bag]");
    if (!button || rows().length === 1) return;
    button.closest("[data-bag]").remove();
    changed();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
  form.querySelector("[data-add-bag]").addEventListener("click", (event) => {
    event.preventDefault();
    add();
  });
  changed();
  return {
    add,
    changed,
    /** The weight field that a number from outside goes into: the one with the focus, else the first empty one. */
    next() {
      const here = document.activeElement;
      if (bags.contains(here) && here.matches("[data-weight]")) return here;
      return [...bags.querySelectorAll("[data-weight]")].find((input) => !input.value) ?? null;
    },
    net: () => kg(rows().reduce((all, row) => all + (grams(field(row, "gross")) ?? 0) - (grams(field(row, "tare")) ?? 0), 0)),
  };
}
