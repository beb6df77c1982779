// The form of the scale while somebody types: the working beside it, bags, keys, photos, scales; and a slip that is kept on the
// device until it is answered. The server works every price out; without this file the buttons do the same.

import { newBag, startBags } from "./weigh_bags.js";
import { startKeys } from "./weigh_keys.js";
import { startPhotos } from "./weigh_photos.js";
import { handIn, queue } from "./weigh_queue.js";
import { startScale } from "./weigh_scale.js";

const PAUSE_MS = 350;
const NEEDED = ["gross", "tare", "moisture", "foreign", "grade"];
const NOT_SENT = new Set(["csrf_token", "key", "step", "seen", "goods_photo", "certificate_photo"]);

const form = document.querySelector("[data-weigh-in]");
if (form) await start();

async function start() {
  const panel = form.querySelector("[data-working]");
  const said = form.querySelector("[data-say]");
  const hint = panel.innerHTML;
  const lang = document.documentElement.lang === "en" ? "en" : "zh";
  const again = new URLSearchParams(location.search).get("again");
  const slip = again ? await (await queue)?.store.get(again) : null;
  if (slip) fill(slip);
  const bags = startBags(form);
  const photos = startPhotos(form, slip?.photos);
  startKeys(form);
  startScale(form, { take: takeWeight, next: goOn });
  let waiting = 0;
  let asking = null;
  let isSending = false;

  // The reason is asked for only where the certificate is missing.
  const certificate = form.elements.certificate;
  const showReason = () => {
    form.querySelector("[data-no-certificate]").hidden = certificate.checked;
  };
  certificate.addEventListener("change", showReason);
  showReason();

  form.addEventListener("input", () => {
    // What is shown no longer belongs to what is typed: it cannot be confirmed until it is worked out again.
    for (const button of panel.querySelectorAll("button")) button.disabled = true;
    asking?.abort();
    clearTimeout(waiting);
    waiting = setTimeout(workOut, PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    const { value } = event.submitter ?? {};
    if (!["confirm", "sure", "later"].includes(value)) return;
    event.preventDefault();
    confirm(event.submitter);
  });
  // On a slow line somebody types before this file is here, and a browser fills a form again that was reloaded.
  if (slip || isTouched()) workOut();
  form.dataset.ready = "";

  function isTouched() {
    const differs = { checkbox: "checked", radio: "checked", text: "value", textarea: "value", date: "value" };
    return [...form.elements].some((field) => {
      const now = differs[field.type];
      return now && field[now] !== field[`default${now[0].toUpperCase()}${now.slice(1)}`];
    });
  }

  function values() {
    const typed = new FormData(form);
    return Object.fromEntries([...typed].filter(([name, value]) => typeof value === "string" && !NOT_SENT.has(name)));
  }

  /** Whether there is enough to work with: of the weights any bag's will do. */
  function isWhole(typed) {
    return NEEDED.every((name) => Object.keys(typed).some((each) => each.split("_")[0] === name && typed[each].trim()));
  }

  async function workOut() {
    if (!isWhole(values())) {
      panel.innerHTML = hint;
      return;
    }
    if (!form.dataset.workingUrl) {
      withoutNetwork();
      return;
    }
    const typed = new FormData(form);
    for (const name of ["goods_photo", "certificate_photo"]) typed.delete(name);
    const mine = (asking = new AbortController());
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.workingUrl, { method: "POST", body: typed, signal: mine.signal, headers: { Accept: "text/html" } });
      if (answer.ok) {
        panel.innerHTML = await answer.text();
        said.textContent = panel.querySelector("[data-total]")?.textContent ?? "";
      }
    } catch {
      if (!mine.signal.aborted) withoutNetwork();
    } finally {
      panel.removeAttribute("aria-busy");
    }
  }

  async function withoutNetwork() {
    if (await queue) panel.replaceChildren(form.querySelector("[data-no-network]").content.cloneNode(true));
    // Otherwise nothing can be kept here: the button under the fields still works, once there is a network.
  }

  async function confirm(button) {
    if (isSending) return;
    isSending = true;
    const fields = values();
    if (button.value === "sure") fields.sure = "1";
    if (!(await queue)) {
      isSending = false;
      HTMLFormElement.prototype.submit.call(asForm(button));
      return;
    }
    const seen = form.querySelector("[name=seen]")?.value ?? "";
    const whose = { contract: Number(form.dataset.weighIn), farmer: form.dataset.farmer, net: `${bags.net()} kg` };
    const answer = await handIn({ ...whose, key: form.elements.key.value, fields, seen, photos });
    isSending = false;
    for (const busy of form.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
    if (answer.state === "waiting") location.assign("/bench/weigh/in");
    else if (answer.state === "refused") await refused(answer);
    else {
      await (await queue).store.drop(answer.key);
      location.assign(answer.where);
    }
  }

  /** The person is still here: say why beside the fields, and let it be mended with the same key. */
  async function refused(answer) {
    await (await queue).store.drop(answer.key);
    document.dispatchEvent(new CustomEvent("gongfang:weighed", { detail: { state: "sent" } }));
    await workOut();
    const strip = form.querySelector("[data-refused]").content.cloneNode(true);
    const words = [answer.say?.[lang], ...Object.values(answer.faults ?? {}).map((fault) => fault[lang])];
    strip.querySelector("[data-refused-words]").textContent = [...new Set(words.filter(Boolean))].join(" ");
    if (["unusual", "written_twice"].includes(answer.code)) {
      panel.querySelector(".big-button")?.remove();
      strip.append(form.querySelector("[data-sure]").content.cloneNode(true));
    }
    panel.prepend(strip);
    panel.scrollIntoView({ block: "start" });
  }

  /** Without a store the form goes as ever, with the button that was pressed. */
  function asForm(button) {
    const pressed = document.createElement("input");
    Object.assign(pressed, { type: "hidden", name: button.name, value: button.value });
    form.append(pressed);
    return form;
  }

  function takeWeight(text) {
    const field = bags.next();
    if (!field) return false;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  function goOn(from) {
    const fields = [...form.querySelectorAll("input[type=text]")].filter((input) => input.offsetParent);
    fields.slice(fields.indexOf(from) + 1).find((input) => !input.value)?.focus();
  }

  function fill(kept) {
    form.elements.key.value = kept.key;
    for (const name of Object.keys(kept.fields)) {
      const [, place] = /^gross_(\d+)$/.exec(name) ?? [];
      if (place && !form.elements[name]) form.querySelector("[data-bags]").append(newBag(form, place));
    }
    for (const [name, value] of Object.entries(kept.fields)) {
      const field = form.elements[name];
      if (field?.type === "checkbox") field.checked = true;
      else if (field) field.value = value;
    }
  }
}

