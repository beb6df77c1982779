// Without a network the shop says so kindly instead of the browser's own page. Nothing of anybody's is kept: prices, what is
// left and orders are only true when they are fresh. SHELL (addresses to keep) is written before this file.

const CACHE = `shop-${SHELL.join("|").length}-${SHELL.map((address) => address.split("v=")[1] ?? "").join("")}`;
// These have their own way through a gap, or belong to whoever works here.
const NOT_OURS = /^\/(bench|console|grower|sign-in|api|static)(\/|$)/;

self.addEventListener("install", (event) => {
  const keep = SHELL.map((address) => new Request(address, { credentials: "omit", cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(keep)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOld().then(() => self.clients.claim()));
});

async function dropOld() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("shop-") && name !== CACHE).map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && event.request.method === "GET" && !NOT_OURS.test(url.pathname)) event.respondWith(page(event.request));
  else if (SHELL.includes(url.pathname + url.search)) event.respondWith(file(event.request));
});

async function page(request) {
  try {
    return await fetch(request);
  } catch {
    return (await (await caches.open(CACHE)).match("/offline")) ?? Response.error();
  }
}

async function file(request) {
  return (await (await caches.open(CACHE)).match(request)) ?? fetch(request);
}
