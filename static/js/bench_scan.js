// Scanning at the bench, by hand scanner or by camera. What was read is told to the page as an event:
//
//   gongfang:scan    {code}                on document, cancelable. Whoever takes the code (the queue, bench_queue.js)
//                                          calls preventDefault(); otherwise the page's form is sent with it.
//   gongfang:ready   {}                    the queue listens; scans that came before are told now.
//   gongfang:done    {pieces, fen, words}  a parcel counts; the words are shown by whoever says so, and spoken here.
//   gongfang:trouble {words}               a scan or a press did not count; the words are spoken here.
//
// A badge is never such an event: wherever it is scanned, the tablet is handed to its person.

import { bad, good } from "./bench_scan_sounds.js";
import { codesIn, isBadge } from "./bench_scan_text.js";
import { listen } from "./bench_scan_keys.js";

const form = document.querySelector("[data-scan]");
const field = form?.querySelector("input[name=code]") ?? document.querySelector("input[name=badge]");

// A page with a queue begins to listen a moment later than this; what is scanned until then waits for it, but not long.
const READY_MS = 2000;
const queue = document.querySelector("[data-queue]");
let early = form && queue && !("ready" in queue.dataset) ? [] : null;

function tellEarly() {
  const codes = early ?? [];
  early = null;
  codes.forEach(tell);
}

if (early) {
  document.addEventListener("gongfang:ready", tellEarly, { once: true });
  setTimeout(tellEarly, READY_MS);
}

/** Everything that was scanned at once, in order. */
function take(text) {
  for (const code of codesIn(text)) {
    good();
    if (isBadge(code)) {
      handOver(code);
      return;
    }
    if (early) early.push(code);
    else tell(code);
  }
}

function tell(code) {
  const isFree = document.dispatchEvent(new CustomEvent("gongfang:scan", { detail: { code }, cancelable: true }));
  if (isFree) send(code);
}

/** Without a queue, the page's form carries the code; a page without one has no use for it. */
function send(code) {
  if (!field) return;
  field.value = code;
  field.form.requestSubmit();
}

/** The next person's turn at this tablet. */
function handOver(code) {
  const badge = document.createElement("form");
  badge.method = "post";
  badge.action = "/bench/sign-in";
  const token = document.querySelector("meta[name=csrf-token]").content;
  for (const [name, value] of [["csrf_token", token], ["badge", code], ["next", nextPage()]]) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    badge.append(input);
  }
  document.body.append(badge);
  badge.requestSubmit();
}

/** Where the sign-in page was to lead; who takes over a tablet begins at their own first page. */
const nextPage = () => document.querySelector(".badge-row input[name=next]")?.value ?? "";

listen({
  take,
  wants: (text, into) => codesIn(text).some(isBadge) || (form !== null && into === field),
  typed(text) {
    if (!field) return false;
    field.value = text;
    field.focus({ preventScroll: true });
    return true;
  },
});

document.addEventListener("gongfang:trouble", bad);

const panel = document.querySelector("[data-camera]");
if (panel) {
  // The network may go before this arrives; then the camera is not offered, and a hand scanner goes on working.
  const camera = await import("./bench_scan_panel.js").catch(() => null);
  camera?.watch(panel, take);
}
