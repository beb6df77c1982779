// Weights from a scale: one that types like a keyboard, or one on a serial cable where the browser can read it.

import { readScale } from "./weigh_scale_text.js";

const GRAMS = { kg: 1000, jin: 500 };
const BAUD = 9600;
const PAUSE_MS = 400;

/** `take(text)` gets a weight as it is typed in the page's unit. */
export function startScale(form, { take, next }) {
  const unitGrams = () => GRAMS[form.elements.unit.value];

  function takeLine(line) {
    const read = readScale(line, unitGrams());
    if (!read?.isStable || read.grams <= 0) return false;
    return take(String(read.grams / unitGrams()));
  }

  // Enter after a number goes on to the next field; it must not press a button of the form.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input[type=text]")) return;
    event.preventDefault();
    next(event.target);
  });
  listenBeside(takeLine);
  document.addEventListener("gongfang:scan", (event) => takeLine(event.detail.code) && event.preventDefault());
  serial(form, takeLine);
}

/** Digits and Enter while no field has the focus: a scale that types. */
function listenBeside(takeLine) {
  let typed = "";
  let last = 0;
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea")) return;
    if (event.timeStamp - last > PAUSE_MS) typed = "";
    last = event.timeStamp;
    if (/^[\d.]$/.test(event.key)) typed += event.key;
    else if (event.key === "Enter" && typed && takeLine(typed)) {
      event.preventDefault();
      typed = "";
    }
  });
}

/** A scale on a cable: its line is offered beside the field, and taken by a press once it stands still. */
function serial(form, takeLine) {
  const button = form.querySelector("[data-serial]");
  const says = form.querySelector("[data-serial-says]");
  if (!navigator.serial || !button) return;
  button.hidden = false;
  let line = "";
  let isOpen = false;
  button.addEventListener("click", async () => {
    if (isOpen) {
      takeLine(line);
      return;
    }
    try {
      const port = await navigator.serial.requestPort();
      await port.open({ baudRate: BAUD });
      isOpen = true;
      for await (const each of linesOf(port)) {
        line = each;
        says.textContent = each.trim();
      }
    } catch {
      // Nothing was chosen, or the cable was pulled: the field stays typed.
    }
    isOpen = false;
  });
}

async function* linesOf(port) {
  const reader = port.readable.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).slice(-400).split(/[\r\n]+/);
    rest = lines.pop();
    yield* lines.filter(Boolean);
  }
}
