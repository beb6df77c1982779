// A hand scanner is a keyboard that is very fast. It is listened to wherever the focus is, and by the place of its
// keys, not by what the tablet makes of them: an input method or Caps Lock changes letters, but not places.

import { hasOwnCode } from "./bench_scan_text.js";

const PAUSE_MS = 120; // A scanner's keys follow each other faster than anybody types.
const SHORTEST = 6; // Fewer signs before Enter are a person's.
const GONE_MS = 400; // After this it was a person, or a scanner that sends no Enter.

const PLACES = { Minus: "-_", Slash: "/?", BracketLeft: "[{", BracketRight: "]}", Equal: "=+", Semicolon: ";:", Period: ".>", Comma: ",<" };
const DIGITS = ")!@#$%^&*(";

/** The sign on an American keyboard, which is what scanners play; "" for keys that are none. */
function signOf(event) {
  const [, kind, name] = /^(Key|Digit|Numpad)(.)$/.exec(event.code) ?? [];
  if (kind === "Key") return event.shiftKey ? name : name.toLowerCase();
  if (kind === "Digit") return event.shiftKey ? DIGITS[Number(name)] : name;
  if (kind === "Numpad") return name;
  if (event.code in PLACES) return PLACES[event.code][event.shiftKey ? 1 : 0];
  return event.key.length === 1 && event.key !== " " ? event.key : "";
}

const isField = (element) => element.matches?.("input, textarea, select, [contenteditable]") ?? false;

/**
 * Calls `take(text)` with each scan. `wants(text, field)` says whether a scan that ran into a field is taken out of it;
 * `typed(text)` gets what was typed while no field had the focus, and says whether it took it.
 */
export function listen({ take, wants, typed }) {
  let keys = [];
  let field = null;
  let before = "";
  let timer = 0;

  const text = () => keys.map((key) => key.sign).join("");
  // Where nobody types, speed does not matter: a page that was busy gets its keys late.
  const isFast = () =>
    !field || keys.every((key, index) => index === 0 || key.at - keys[index - 1].at <= PAUSE_MS);

  function forget() {
    clearTimeout(timer);
    keys = [];
    field = null;
  }

  /** What has come is a whole scan, if it is one; says whether it was taken. Without an Enter only our own codes are. */
  function end(isEntered) {
    const scanned = text();
    const inField = field;
    const isWhole = isEntered ? scanned.length >= SHORTEST : hasOwnCode(scanned);
    const isScan = isWhole && isFast() && (!inField || wants(scanned, inField));
    forget();
    if (!isScan) return scanned !== "" && !inField && typed(scanned);
    if (inField) inField.value = before;
    take(scanned);
    return true;
  }

  function hear(event) {
    if (event.key === "Enter" || event.key === "Tab") {
      // The Enter of a scan must press neither the button with the focus nor the form of the field.
      const isOurs = keys.length > 0 && end(true);
      if (isOurs) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const sign = signOf(event);
    if (!sign) return;
    const at = event.timeStamp;
    const target = isField(event.target) ? event.target : null;
    if (keys.length && (target !== field || at - keys.at(-1).at > GONE_MS)) forget();
    if (!keys.length) [field, before] = [target, target?.value ?? ""];
    keys.push({ sign, at });
    clearTimeout(timer);
    timer = setTimeout(end, GONE_MS, false);
  }

  document.addEventListener("keydown", hear, true);
  window.gongfangKeys?.().forEach(hear);
}
