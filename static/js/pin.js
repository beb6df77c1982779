// Big keys for the PIN; the field alone works without this script.
const form = document.querySelector("[data-pin-form]");
const input = form.querySelector("input[name=pin]");
const pad = form.querySelector("[data-pin-pad]");

pad.hidden = false;
form.querySelector("[data-pin-submit]").hidden = true;
// The keys are on the page: the tablet's own keyboard would only cover them.
input.inputMode = "none";

pad.addEventListener("click", (event) => {
  const key = event.target.closest("button");
  if (key?.dataset.digit && input.value.length < input.maxLength) input.value += key.dataset.digit;
  if (key && "wipe" in key.dataset) input.value = input.value.slice(0, -1);
});
