// Reads the page aloud with the browser's own voice: by itself for whoever wants it, and whenever asked. Where the browser
// has no voice for the language it says so once, and offers nothing that would stay silent.

const toggle = document.querySelector("[data-speak]");
const voice = window.speechSynthesis;
const lang = document.documentElement.lang === "en" ? "en-US" : "zh-CN";
const VOICES_MS = 3000; // Some browsers find their voices late.
const TOLD = "gongfang-no-voice";

/** Storage may be closed (a private window): what was to be kept there lasts as long as the page. */
const kept = {
  get(storage, key) { try { return window[storage].getItem(key); } catch { return null; } },
  set(storage, key, value) { try { window[storage].setItem(key, value); } catch { /* for this page */ } },
  drop(storage, key) { try { window[storage].removeItem(key); } catch { /* for this page */ } },
};

/** Whether there is a voice for this language, once the browser knows its voices. */
async function hasVoice() {
  if (!voice?.speak) return false;
  const has = () => voice.getVoices().some((one) => one.lang.toLowerCase().replace("_", "-").startsWith(lang.slice(0, 2)));
  if (has()) return true;
  await new Promise((resolve) => {
    voice.addEventListener?.("voiceschanged", resolve, { once: true });
    setTimeout(resolve, VOICES_MS);
  });
  return has();
}

/** One sentence after the other; a voice that fails must not stop the work. */
function say(sentences) {
  try {
    voice.cancel();
    for (const words of sentences) {
      const sentence = new SpeechSynthesisUtterance(words);
      sentence.lang = lang;
      sentence.rate = 0.9;
      voice.speak(sentence);
    }
  } catch (error) {
    console.warn(error);
  }
}

const page = () => [...document.querySelectorAll(".notices p, [data-say]")].map((part) => part.dataset.say ?? part.textContent);
const read = () => say(page());

// What happened is said first and then what is on the screen now; both are told in one breath of the page.
let news = [];
let isNewScreen = false;
let breath = 0;

function soon(words) {
  if (words) news.push(words);
  else isNewScreen = true;
  clearTimeout(breath);
  breath = setTimeout(() => {
    if (isOn) say([...news, ...(isNewScreen ? page() : [])]);
    news = [];
    isNewScreen = false;
  });
}

// ---- the switch; the person's choice is kept by the server, and on the device only until it got there ----
const unsent = `gongfang-speak-${toggle?.dataset.speak}`;
let isOn = false;

async function remember() {
  const choice = isOn ? "on" : "off";
  kept.set("localStorage", unsent, choice);
  const body = new URLSearchParams({
    csrf_token: document.querySelector("meta[name=csrf-token]").content,
    reads_aloud: choice,
  });
  const answer = await fetch("/bench/choices", { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") kept.drop("localStorage", unsent);
}

function show() {
  toggle.setAttribute("aria-pressed", String(isOn));
}

function offer() {
  isOn = (kept.get("localStorage", unsent) ?? toggle.dataset.default) === "on";
  if (kept.get("localStorage", unsent)) remember();
  for (const button of document.querySelectorAll("[data-speak-now]")) button.hidden = false;
  document.addEventListener("click", (event) => event.target.closest("[data-speak-now]") && read());
  toggle.addEventListener("click", () => {
    isOn = !isOn;
    show();
    remember();
    if (isOn) read();
    else voice.cancel();
  });
  document.addEventListener("gongfang:done", ({ detail }) => soon(detail.words));
  document.addEventListener("gongfang:trouble", ({ detail }) => soon(detail.words));
  document.addEventListener("gongfang:screen", () => soon());
  window.addEventListener("pagehide", () => voice.cancel());
  toggle.hidden = false;
  show();
  if (isOn) read();
}

/** Whoever has pages read aloud is told once why this tablet is silent. */
function regret() {
  if (toggle.dataset.default !== "on" || kept.get("localStorage", TOLD)) return;
  kept.set("localStorage", TOLD, "1");
  const words = document.createElement("p");
  words.className = "strip strip-gold";
  words.setAttribute("role", "status");
  words.textContent = toggle.dataset.voiceless;
  document.querySelector("main .page").prepend(words);
}

if (toggle) {
  if (await hasVoice()) offer();
  else regret();
}
