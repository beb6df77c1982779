// Reads the page aloud with the browser's own voice. Where it has none, nothing of this is shown.

const toggle = document.querySelector("[data-speak]");
const voice = window.speechSynthesis;

if (toggle && voice) {
  const key = `gongfang-speak-${toggle.dataset.speak}`;
  const lang = document.documentElement.lang === "en" ? "en-US" : "zh-CN";

  const isOn = () => (remembered() ?? toggle.dataset.default) === "on";

  /** Storage may be closed (a private window); then the choice lasts as long as the page. */
  function remembered() {
    try {
      return localStorage.getItem(key);
    } catch {
      return toggle.dataset.chosen ?? null;
    }
  }

  function remember(choice) {
    toggle.dataset.chosen = choice;
    try {
      localStorage.setItem(key, choice);
    } catch {
      // Kept on the button only.
    }
  }

  function read() {
    voice.cancel();
    for (const part of document.querySelectorAll(".notices p, [data-say]")) {
      const sentence = new SpeechSynthesisUtterance(part.dataset.say ?? part.textContent);
      sentence.lang = lang;
      sentence.rate = 0.9;
      voice.speak(sentence);
    }
  }

  function show() {
    toggle.setAttribute("aria-pressed", String(isOn()));
  }

  for (const button of document.querySelectorAll("[data-speak-now]")) {
    button.addEventListener("click", read);
    button.hidden = false;
  }
  toggle.addEventListener("click", () => {
    remember(isOn() ? "off" : "on");
    show();
    if (isOn()) read();
    else voice.cancel();
  });
  window.addEventListener("pagehide", () => voice.cancel());

  toggle.hidden = false;
  show();
  if (isOn()) read();
}
