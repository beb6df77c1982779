// Opens the print window once for a slip whose print was just recorded. The server shows such a page once; this also
// stays quiet when the page comes back from the browser's memory, as it does with "back".
const told = document.querySelector("[data-print-now]");

function isFirstTime(print) {
  try {
    const key = `printed ${print}`;
    const isFirst = sessionStorage.getItem(key) === null;
    sessionStorage.setItem(key, "1");
    return isFirst;
  } catch {
    return true; // No storage in this browser: the server's own guard remains.
  }
}

if (told && isFirstTime(told.dataset.printNow)) {
  await document.fonts.ready;
  window.print();
}
