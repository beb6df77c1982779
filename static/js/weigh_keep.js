// Keeps the scale's page on the device for a shift: farmers, contracts, the last prices. Signing out deletes it (common.js).

// The same names as in weigh_worker.js and worker_parts.js.
const KEPT_CACHE = "weigh-kept";
const KEPT_PAGE = "/bench/weigh/in/kept";
const FILES_CACHE = "weigh-files";
const AGAIN_MS = 5 * 60 * 1000;

export async function keepForLater(worker, person) {
  // Only over https or on the machine itself do browsers keep pages; elsewhere a weigh-in lasts as long as its page.
  if (!navigator.serviceWorker || !window.caches) return;
  try {
    await navigator.serviceWorker.register(worker, { scope: "/bench/weigh/in" });
    const cache = await caches.open(KEPT_CACHE);
    const kept = await cache.match(KEPT_PAGE);
    const isTheirs = kept?.headers.get("Bench-Person") === person;
    if (isTheirs && Date.now() - Number(kept.headers.get("Kept-At")) < AGAIN_MS) return;
    if (!isTheirs) await cache.delete(KEPT_PAGE);
    const page = await fetch(KEPT_PAGE, { headers: { Accept: "text/html" } });
    if (!page.ok || page.headers.get("Bench-Person") !== person) return;
    const html = await page.text();
    await keepFiles(html);
    const headers = { "Content-Type": "text/html; charset=utf-8", "Bench-Person": person, "Kept-At": String(Date.now()) };
    const policy = page.headers.get("Content-Security-Policy");
    await cache.put(KEPT_PAGE, new Response(html, { headers: policy ? { ...headers, "Content-Security-Policy": policy } : headers }));
  } catch {
    // Kept another time.
  }
}

/** What the page is made of; versions that it names no longer go. */
async function keepFiles(html) {
  const cache = await caches.open(FILES_CACHE);
  const page = new DOMParser().parseFromString(html, "text/html");
  const contracts = Object.values(JSON.parse(page.querySelector("[data-contracts]")?.dataset.contracts ?? "{}"));
  const named = [...page.querySelectorAll("script[src], link[href], img[src], use[href]")].map((tag) => tag.getAttribute("src") ?? tag.getAttribute("href"));
  const pictures = contracts.flatMap((contract) => contract.grades.map((grade) => grade.picture));
  const wanted = new Set([...named, ...pictures].map(plain).filter((address) => new URL(address).origin === location.origin));
  const kept = (await cache.keys()).map((request) => request.url);
  await Promise.all(kept.filter((address) => new URL(address).searchParams.has("v") && !wanted.has(address)).map((address) => cache.delete(address)));
  const isStill = (address) => kept.includes(address) && new URL(address).searchParams.has("v");
  await Promise.allSettled([...wanted].filter((address) => !isStill(address)).map((address) => cache.add(address)));
}

function plain(address) {
  const url = new URL(address, location.href);
  url.hash = "";
  return url.href;
}
