// What every service worker of the house does: keep a shell, keep files, know when to stop waiting. NAME, SHELL (addresses
// to keep) and VERSION are written before this file.

const SHELL_CACHE = `${NAME}-shell-${VERSION}-${SHELL.length}`;
// Pictures, styles and scripts: nobody's in particular.
const FILES_CACHE = `${NAME}-files`;
const PATIENCE_MS = 6000;

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldShells().then(() => self.clients.claim()));
});

async function keepShell() {
  const cache = await caches.open(SHELL_CACHE);
  // Without cookies: the page is the same for everybody, and so it is kept.
  await cache.addAll(SHELL.map((address) => new Request(address, { credentials: "omit", cache: "no-cache" })));
}

async function dropOldShells() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(`${NAME}-shell-`) && name !== SHELL_CACHE).map((name) => caches.delete(name)));
}

/** The fresh page, or nothing once patience is over; what is done with it goes on even when it comes later. */
function inTime(event, fresh) {
  event.waitUntil(fresh.catch(() => {}));
  return Promise.race([fresh, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null))]);
}

const offlinePage = async () => (await (await caches.open(SHELL_CACHE)).match("/bench/offline")) ?? Response.error();

/** Files with their version in the address never change; others come from the network while there is one. */
async function file(request, url) {
  const kept = await caches.match(request);
  if (kept && url.searchParams.has("v")) return kept;
  const fresh = fetch(request).then(async (answer) => {
    if (answer.status === 200) await (await caches.open(FILES_CACHE)).put(request, answer.clone());
    return answer;
  });
  if (!kept) return fresh;
  return Promise.race([fresh.catch(() => kept), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept))]);
}
