// What a scale says, in grams; pure. Two families of lines that scales send again and again:
//   ST,GS,+  43.700kg   US,NT,-0.020 kg   (A&D, Ohaus, Mettler: ST stable, US moving; GS gross, NT net)
//   wn0043.70kg   ww0000.00kg              (Yaohua and relatives: wn net, ww gross)
// and a bare number, which is what a keyboard-wedge scale types before Enter; its unit is that of the page.

const UNITS = { kg: 1000, g: 1 };
const LINE = /^(?:(?<state>ST|US|OL|UN)\s*,\s*(?:GS|NT|TR|G|N)?\s*,?\s*|w[nwt]|[wW]eight:?\s*)?(?<sign>[+-]?)\s*(?<number>\d{1,7}(?:\.\d{1,4})?)\s*(?<unit>kg|g)?$/i;

/** `{grams, isStable}`, or nothing: an overload, another unit, half a line. `unitGrams` is the page's unit. */
export function readScale(line, unitGrams) {
  const found = LINE.exec(line.replace(/[\u0000-\u001f\u007f]/g, "").trim());
  if (!found) return null;
  const { state = "", sign, number, unit } = found.groups;
  if (/^OL$/i.test(state)) return null;
  const grams = Math.round(Number(number) * (unit ? UNITS[unit.toLowerCase()] : unitGrams)) * (sign === "-" ? -1 : 1);
  return { grams, isStable: !/^(US|UN)$/i.test(state) };
}
