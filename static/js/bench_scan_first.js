// Not a module, so that it runs first: keys that a scanner sends while the page is still being built are kept
// until bench_scan_keys.js asks for them.
(() => {
  const kept = [];
  const keep = (event) => kept.push(event);
  addEventListener("keydown", keep, true);
  window.gongfangKeys = () => {
    removeEventListener("keydown", keep, true);
    return kept.splice(0);
  };
})();
