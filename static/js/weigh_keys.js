// Large keys for the numbers of the form, for fingers: they show on a touch, while another keyboard goes on working.

const FINGER_MS = 400;

export function startKeys(form) {
  const pad = document.querySelector("[data-keypad]");
  if (!pad || !window.matchMedia("(pointer: coarse)").matches) return;
  const shown = pad.querySelector("[data-keypad-shown]");
  let field = null;

  const isNumber = (element) => element.matches?.("input[inputmode=decimal], input[data-large-keys]");

  function open(input) {
    field = input;
    // The device's own keyboard would cover the page a second time.
    input.dataset.largeKeys = "";
    input.inputMode = "none";
    pad.hidden = false;
    document.body.classList.add("has-keypad");
    say();
    input.scrollIntoView({ block: "center" });
  }

  function close() {
    pad.hidden = true;
    field = null;
    // The room under the page goes once the finger is up: else what is pressed would move away from under it, unpressed.
    setTimeout(() => field ?? document.body.classList.remove("has-keypad"), FINGER_MS);
  }

  const say = () => {
    shown.textContent = `${field.labels?.[0]?.firstChild?.textContent.trim() ?? ""} ${field.value}`;
  };

  function press(key) {
    if (key === "next") {
      next();
      return;
    }
    if (key === "back") field.value = field.value.slice(0, -1);
    else if (key !== "." || !field.value.includes(".")) field.value += key;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    say();
  }

  function next() {
    const fields = [...form.querySelectorAll("input")].filter((input) => isNumber(input) && input.offsetParent);
    const following = fields[fields.indexOf(field) + 1];
    if (following) following.focus();
    else close();
  }

  form.addEventListener("focusin", (event) => (isNumber(event.target) ? open(event.target) : close()));
  pad.addEventListener("pointerdown", (event) => event.preventDefault());
  pad.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !field) return;
    if (button.matches("[data-keypad-close]")) close();
    else press(button.dataset.key);
  });
}
