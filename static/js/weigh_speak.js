// Reads a sentence aloud where the device has a voice for the page's language.

const voice = globalThis.speechSynthesis;

for (const button of document.querySelectorAll("[data-speak]")) {
  button.hidden = !voice;
  button.addEventListener("click", () => {
    voice.cancel();
    const words = new SpeechSynthesisUtterance(button.dataset.speak);
    words.lang = document.documentElement.lang;
    words.rate = 0.9;
    voice.speak(words);
  });
}
