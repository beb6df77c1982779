// Showing figures: the same money and time as the server writes them.

/** Fen as "1,234.50". */
export function yuan(fen) {
  const whole = Math.floor(fen / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${(fen % 100).toString().padStart(2, "0")}`;
}

/** Write fen into a .price element: sign small, yuan large, fen small. */
export function showPrice(slot, fen) {
  const price = slot.querySelector(".price");
  const [whole, parts] = yuan(fen).split(".");
  price.childNodes[1].nodeValue = whole;
  price.querySelector(".price-fen").textContent = `.${parts}`;
}

/** Put a number into a sentence such as "还剩 {n} 件". */
export function say(sentence, number) {
  return sentence.replace("{n}", number);
}

/** Seconds as 09:58, or 1:02:03 above an hour. */
export function clockWords(seconds) {
  const two = (part) => String(part).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60 ? `${two(minutes)}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
