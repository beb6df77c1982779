// Lets the scale's page open without a network. worker_parts.js stands before this file, and before that what
// fulfillment/bench/weigh_queue_views.py writes. The page that is kept was put there by weigh_keep.js, for one shift.

const KEPT_CACHE = "weigh-kept";
const KEPT_PAGE = "/bench/weigh/in/kept";
const SHIFT_MS = 14 * 60 * 60 * 1000;
const PICTURE = /^\/bench\/weigh\/grades\/\d+\/picture$/;

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, request.method === "GET"));
  else if (request.method === "GET" && (url.pathname.startsWith("/static/") || PICTURE.test(url.pathname))) event.respondWith(file(request, url));
});

/** The network first; the kept page when it is gone, slow or broken; else the page that says so. What is posted is waited for. */
async function page(event, isLook) {
  const kept = await keptPage();
  try {
    const fresh = fetch(event.request);
    const answer = await (kept && isLook ? inTime(event, fresh) : fresh);
    if (answer && !(kept && isLook && answer.status >= 500)) return answer;
  } catch {
    // No network.
  }
  return kept ?? offlinePage();
}

/** The kept page, while the shift lasts. */
async function keptPage() {
  const kept = await (await caches.open(KEPT_CACHE)).match(KEPT_PAGE);
  return kept && Date.now() - Number(kept.headers.get("Kept-At")) < SHIFT_MS ? kept : null;
}
