// Tables marked with data-sort are put in order by a press on a column's head; without this file they stay as they came.
// Numbers are read as they are written (¥1,234.50, 12.3 %, –), everything else by the language of the page.

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

for (const table of document.querySelectorAll("table[data-sort]")) {
  if (isCards(table) || table.tBodies[0].rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort-head";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, head, column));
  });
}
