// Lets the bench open without a network: the page of whoever works here, the files it needs, and one page that says so.
// worker_parts.js stands before this file, and before that what fulfillment/bench/queue_views.py writes.
//
// The cache "work" holds one person's page at most. It is emptied as soon as any other page of the bench arrives that is
// not that person's (signing in, handing over), so that nobody is ever shown somebody else's work.

const WORK_CACHE = "bench-work";
const CHANGES_HANDS = /^\/bench\/(hand-over|sign-in)/;

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(request.method === "GET" ? page(event, url) : sent(request, url));
  else if (request.method === "GET" && url.pathname.startsWith("/static/")) event.respondWith(file(request, url));
});

/** The network first; the page that was kept when it is gone, slow or broken; else the page that says so. */
async function page(event, url) {
  const kept = url.pathname === "/bench" ? await keptPage() : null;
  try {
    const fresh = fetch(event.request).then((came) => noted(url, came));
    const answer = await (kept ? inTime(event, fresh) : fresh);
    if (answer && !(kept && answer.status >= 500)) return answer;
  } catch {
    // No network.
  }
  if (kept) return asKept(kept);
  // What is wrong can be said on the page of the work itself.
  if (url.pathname.startsWith("/bench/wrong") && (await keptPage())) return Response.redirect("/bench?wrong", 303);
  return offlinePage();
}

/** The page as it was, with a mark by which its scripts know that it is not fresh. */
async function asKept(kept) {
  const html = (await kept.text()).replace("<div data-queue", '<div data-kept="" data-queue');
  return new Response(html, { headers: kept.headers });
}

/** Keep somebody's page of work; forget it when a page comes that is not theirs. */
async function noted(url, answer) {
  if (answer.type === "opaqueredirect" || answer.status >= 500) return answer;
  const whose = answer.headers.get("Bench-Person");
  const cache = await caches.open(WORK_CACHE);
  const before = (await cache.match("/bench"))?.headers.get("Bench-Person") ?? null;
  if (before !== null && before !== whose && answer.ok) await caches.delete(WORK_CACHE);
  if (whose !== null && answer.ok && url.pathname === "/bench" && !url.searchParams.has("done")) {
    await (await caches.open(WORK_CACHE)).put("/bench", answer.clone());
  }
  return answer;
}

const keptPage = async () => (await caches.open(WORK_CACHE)).match("/bench");

/** A form that could not be sent is not lost without a word. Whoever leaves takes their page along, whether or not the
    next page still comes. */
async function sent(request, url) {
  try {
    const answer = await fetch(request);
    if (answer.type === "opaqueredirect" && CHANGES_HANDS.test(url.pathname)) await caches.delete(WORK_CACHE);
    return answer;
  } catch {
    return offlinePage();
  }
}
