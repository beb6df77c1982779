// Not a module, so that it runs first: what is done while the page is still being built is kept until the scripts that
// carry it out ask for it.
(() => {
  const PATIENCE_MS = 4000;
  const keys = [];
  const keep = (event) => keys.push(event);
  addEventListener("keydown", keep, true);
  /** Keys of a scanner, for bench_scan_keys.js. */
  window.gongfangKeys = () => {
    removeEventListener("keydown", keep, true);
    return keys.splice(0);
  };

  const pressed = [];
  /** A button of the work that is pressed early would be a page that no network answers. */
  const hold = (event) => {
    if (!document.querySelector("[data-work]")) return;
    event.preventDefault();
    event.stopPropagation();
    pressed.push([event.target, event.submitter]);
    // Where those scripts never come, forms are sent as ever.
    setTimeout(() => window.gongfangForms(), PATIENCE_MS);
  };
  addEventListener("submit", hold, true);
  /** Lets forms go again, first those that waited; bench_queue.js calls it once it listens. */
  window.gongfangForms = () => {
    removeEventListener("submit", hold, true);
    for (const [form, button] of pressed.splice(0)) form.requestSubmit(button);
  };
})();
