// Keeps a page's pieces up to date over one held connection; falls back to asking every few seconds when there is no seat.
// A piece is an element with data-part; the server sends the HTML of those that changed.

const QUIET_MS = 15000;
const ASK_MS = 5000;
const AGAIN_MS = 2000;
const SEAT_AGAIN_MS = 60000;

const page = document.querySelector("[data-live]");
const lost = page.querySelector("[data-lost]");
const places = new Map([...document.querySelectorAll("[data-part]")].map((place) => [place.dataset.part, place]));

let source = null;
let timer = 0;
let heardAt = Date.now();

for (const link of document.querySelectorAll("[data-needs-no-script]")) link.hidden = true;

function show(parts) {
  heardAt = Date.now();
  lost.hidden = true;
  for (const [name, html] of Object.entries(parts)) {
    const place = places.get(name);
    if (place && place.innerHTML !== html) place.innerHTML = html;
  }
  page.dispatchEvent(new CustomEvent("parts", { detail: parts }));
}

/** One id a tab: after a reload the server closes the tab's earlier connection at once. */
function screen() {
  try {
    return (sessionStorage.screen ||= crypto.randomUUID?.() ?? String(Math.random()));
  } catch {
    return String(Math.random());
  }
}

function open() {
  close();
  source = new EventSource(`${page.dataset.events}&screen=${screen()}`);
  source.addEventListener("parts", (event) => show(JSON.parse(event.data)));
  source.addEventListener("away", () => (lost.hidden = false));
  source.addEventListener("bye", (event) => leave(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    // The browser tries again by itself, unless the server answered with an error, such as "no seat".
    if (source?.readyState === EventSource.CLOSED) ask(Date.now() + SEAT_AGAIN_MS);
  });
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** The server closed the connection and says why. */
function leave(why) {
  close();
  if (why === "signed-out") location.reload();
  else {
    // A copied tab carries the same id as the first one: take another.
    if (why === "elsewhere") sessionStorage.removeItem("screen");
    timer = setTimeout(open, AGAIN_MS * (0.5 + Math.random()));
  }
}

/** Without a seat: fetch all pieces every few seconds, and look for a seat again after a while. */
async function ask(seatAgainAt) {
  close();
  try {
    const answer = await fetch(page.dataset.partsUrl, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
  } catch {
    lost.hidden = false;
  }
  timer = setTimeout(() => (Date.now() > seatAgainAt ? open() : ask(seatAgainAt)), ASK_MS);
}

// A connection that was cut without a word (a sleeping laptop, a proxy) says nothing: notice the silence.
setInterval(() => {
  if (document.hidden || Date.now() - heardAt < QUIET_MS) return;
  lost.hidden = false;
  heardAt = Date.now();
  open();
}, ASK_MS);

// A tab that nobody sees gives its seat to others.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) close();
  else {
    heardAt = Date.now();
    open();
  }
});
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => event.persisted && open());

if (!document.hidden) open();
