// Tables marked with data-sort: a press on a column's head puts them in order; a long one is searched and shown by pages.
// Without this file they stay as they came, whole. Numbers are read as they are written (¥1,234.50, 12.3 %, –), everything
// else by the language of the page.

const A_PAGE = 20;
const isEnglish = document.documentElement.lang === "en";
const numeral = /^[^\d-]*(-?[\d,]+(?:\.\d+)?)/;
const words = new Intl.Collator(document.documentElement.lang, { numeric: true });

function valueOf(row, column) {
  const said = row.cells[column]?.textContent.trim() ?? "";
  const found = row.cells[column]?.classList.contains("is-number") && said.match(numeral);
  return found ? Number(found[1].replaceAll(",", "")) : said;
}

function compare(one, other) {
  const numbers = [one, other].map((value) => typeof value === "number");
  if (numbers[0] && numbers[1]) return one - other;
  // What has no number goes below what has one.
  if (numbers[0] !== numbers[1]) return numbers[0] ? 1 : -1;
  return words.compare(one, other);
}

function sort(table, head, column) {
  const isDown = head.getAttribute("aria-sort") !== "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (isDown ? -1 : 1));
  body.append(...rows);
}

// As cards, on a phone, a table has no heads to press.
const isCards = (table) => table.classList.contains("table-cards") && matchMedia("(max-width: 40rem)").matches;

function addSorting(table, changed) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    // A column of buttons has a head for the ear only, and no order.
    if (head.querySelector(".visually-hidden")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort-head";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      sort(table, head, column);
      changed();
    });
  });
}

/** A field that finds rows, and a button that shows more of them; the returned function shows what is asked for. */
function addPages(table) {
  const title = table.closest("[aria-label]")?.getAttribute("aria-label") ?? "";
  const field = Object.assign(document.createElement("input"), {
    type: "search", className: "input table-find", maxLength: 60, autocomplete: "off",
    placeholder: isEnglish ? "Find in this table" : "在表里找",
    ariaLabel: `${isEnglish ? "Find in this table" : "在表里找"} · ${title}`,
  });
  const more = Object.assign(document.createElement("button"), {
    type: "button", className: "button", textContent: isEnglish ? `${A_PAGE} more` : `再看 ${A_PAGE} 行`,
  });
  const said = document.createElement("span");
  said.className = "soft";
  said.setAttribute("role", "status");
  const below = document.createElement("p");
  below.className = "row table-more";
  below.append(said, more);
  const frame = table.closest(".table-wrap") ?? table;
  frame.before(field);
  frame.after(below);
  let most = A_PAGE;

  function show() {
    const wanted = field.value.trim().toLowerCase();
    const found = [...table.tBodies[0].rows].filter((row) => {
      row.hidden = true;
      return row.textContent.toLowerCase().includes(wanted);
    });
    for (const row of found.slice(0, most)) row.hidden = false;
    const shown = Math.min(most, found.length);
    said.textContent = isEnglish ? `${shown} of ${found.length}` : `${found.length} 行里的 ${shown} 行`;
    more.hidden = shown === found.length;
  }

  field.addEventListener("input", () => {
    most = A_PAGE;
    show();
  });
  more.addEventListener("click", () => {
    most += A_PAGE;
    show();
  });
  show();
  return show;
}

for (const table of document.querySelectorAll("table[data-sort]")) {
  const { length } = table.tBodies[0].rows;
  const changed = length > A_PAGE ? addPages(table) : () => {};
  if (length > 1 && !isCards(table)) addSorting(table, changed);
}
