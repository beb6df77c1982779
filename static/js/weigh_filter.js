// Narrows a list while somebody types; without this file the search button asks the server.

const search = document.querySelector("[data-filter]");
const rows = search ? [...document.querySelectorAll(search.dataset.filter)] : [];
const none = document.querySelector("[data-none]");

if (search) {
  search.addEventListener("input", narrow);
  // Typed before this file was here, or filled in again by the browser that went back to the page.
  if (search.value) narrow();
}

function narrow() {
  const words = search.value.trim().toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of rows) {
    const text = row.dataset.words.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  if (none) none.hidden = shown > 0;
}
