// Lets this page open without a network: the service worker, and the page's files beside it.

// The same names as in bench_worker.js.
const WORK_CACHE = "bench-work";
const FILES_CACHE = "bench-files";
const READY_MS = 10000;
// Where the network is poor the second or third try may be the one that keeps the page; after these, another page's.
const PAUSES_MS = [2000, 5000, 15000, 60000];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function keepForLater(worker, person, work) {
  // Only over https or on the machine itself do browsers keep pages; elsewhere the queue lasts as long as its page.
  if (!navigator.serviceWorker || !window.caches) return;
  for (const pause of [...PAUSES_MS, 0]) {
    try {
      await keep(worker, person, work);
      return;
    } catch {
      await sleep(pause);
    }
  }
}

async function keep(worker, person, work) {
  await navigator.serviceWorker.register(worker, { scope: "/bench" });
  // A worker whose files did not come never gets ready: registering it once more begins anew.
  if (!(await Promise.race([navigator.serviceWorker.ready, sleep(READY_MS)]))) throw new Error("no worker yet");
  if (!work) return;
  await keepPage(person);
  await keepFiles();
}

/** The worker keeps the page as it passes by; the first page came before there was a worker. */
async function keepPage(person) {
  const cache = await caches.open(WORK_CACHE);
  const kept = await cache.match("/bench");
  if (kept?.headers.get("Bench-Person") === String(person)) return;
  const page = await fetch("/bench", { headers: { Accept: "text/html" } });
  if (page.status >= 500) throw new Error("not now");
  if (page.ok && page.headers.get("Bench-Person") === String(person)) await cache.put("/bench", page);
}

/** Pictures and scripts of all cards, also of those that were not shown yet; versions that no page has any more go. */
async function keepFiles() {
  const cache = await caches.open(FILES_CACHE);
  const wanted = new Set([...loaded(), ...inTemplates()]);
  const kept = (await cache.keys()).map((request) => request.url);
  await Promise.all(kept.filter((url) => new URL(url).searchParams.has("v") && !wanted.has(url)).map((url) => cache.delete(url)));
  await Promise.allSettled([...wanted].filter((url) => !kept.includes(url)).map((url) => cache.add(url)));
}

const isFile = (url) => new URL(url).pathname.startsWith("/static/");
const loaded = () =>
  [...performance.getEntriesByType("resource").map((entry) => entry.name), ...tags(document)].map(plain).filter(isFile);
const inTemplates = () => [...document.querySelectorAll("template")].flatMap((template) => tags(template.content)).map(plain).filter(isFile);

/** Addresses of files in a piece of a page. */
const tags = (piece) =>
  [...piece.querySelectorAll("img[src], script[src], link[href], use[href]")].map((tag) => tag.getAttribute("src") ?? tag.getAttribute("href"));

function plain(address) {
  const url = new URL(address, location.href);
  url.hash = "";
  return url.href;
}
