// The order form (address kept on this device, the sum before ordering) and the order page (watches for the payment).
import { yuan } from "./show.js";

const KEPT = "gongfang.address";
const FIELDS = ["buyer.name", "buyer.phone", "buyer.email", "address.province", "address.city", "address.district", "address.street", "address.detail"];
const WATCH_MS = { fast: 2000, slow: 8000 };

const form = document.querySelector("[data-order-form]");
if (form) {
  keepAddress(form);
  startPaste(form);
  startVoucher(form);
  form.addEventListener("input", () => showSum(form));
  showSum(form);
}

const order = document.querySelector("[data-watch]");
if (order?.dataset.watch) watchState(order);

function keepAddress(form) {
  const remember = form.querySelector("[data-remember]");
  const forget = form.querySelector("[data-forget]");
  const kept = read();
  remember.hidden = false;
  forget.hidden = !kept;
  for (const name of FIELDS) {
    const field = form.elements[name];
    if (kept && field && !field.value) field.value = kept[name] ?? "";
  }
  forget.addEventListener("click", () => {
    localStorage.removeItem(KEPT);
    for (const name of FIELDS) if (form.elements[name]) form.elements[name].value = "";
    remember.querySelector("input").checked = false;
    forget.hidden = true;
    form.elements[FIELDS[0]].focus();
  });
  form.addEventListener("submit", () => {
    if (!remember.querySelector("input").checked) return;
    const typed = Object.fromEntries(FIELDS.filter((name) => form.elements[name]).map((name) => [name, form.elements[name].value]));
    try {
      localStorage.setItem(KEPT, JSON.stringify(typed));
    } catch {
      // A private window keeps nothing; the order goes out all the same.
    }
  });
}

/** A pasted line is split by the server; without this the button sends the form and gets it back filled in. */
function startPaste(form) {
  const box = form.querySelector("[data-paste]");
  const said = box.querySelector("[data-paste-said]");
  const line = form.elements.pasted;
  const button = box.querySelector("[data-split]");

  async function split(event) {
    event?.preventDefault();
    if (!line.value.trim()) return;
    const body = new FormData();
    body.append("csrf_token", form.elements.csrf_token.value);
    body.append("pasted", line.value);
    try {
      const answer = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
    } catch {
      // No connection: the line stays, and the fields can be filled by hand.
    }
  }

  function show({ fields, is_sure: isSure }) {
    for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
    said.hidden = false;
    const isNothing = Object.keys(fields).length === 0;
    said.textContent = isNothing ? box.dataset.sayNone : isSure ? box.dataset.sayCheck : box.dataset.sayUnsure;
    showSum(form);
  }

  button.addEventListener("click", split);
  line.addEventListener("paste", () => setTimeout(split));
}

/** What a voucher takes off is asked of the server; without this the button sends the form and gets it back with the answer. */
function startVoucher(form) {
  const box = form.querySelector("[data-voucher]");
  if (!box) return;
  const button = box.querySelector("[data-look]");
  const said = box.querySelector("[data-voucher-said]");
  form.addEventListener("input", () => (said.textContent = ""));
  form.elements.voucher.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    button.click();
  });
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(button.formAction, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      const told = await answer.json();
      said.textContent = told.said ?? told.title ?? "";
    } catch {
      said.textContent = "";
    }
  });
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/** What is on the form: goods in fen, weight in grams. */
function chosen(form) {
  const sum = { goods: 0, grams: 0 };
  for (const line of form.querySelectorAll("[data-line]")) {
    const pieces = Math.max(0, Math.floor(Number(line.querySelector("input[type=number]").value) || 0));
    sum.goods += Number(line.dataset.priceFen) * pieces;
    sum.grams += Number(line.dataset.grossG) * pieces;
  }
  const held = form.querySelector("[data-join]");
  if (held?.querySelector("input").checked && sum.goods > 0) {
    sum.goods += Number(held.dataset.goodsFen);
    sum.grams += Number(held.dataset.grossG);
  }
  return sum;
}

/** The same postage as shop/orders/postage.py and rules.py work out, null where nothing is sent; the server's counts. */
function postageOf(data, { goods, grams }, province) {
  if (!data.rates) {
    const flat = goods >= Number(data.freeFromFen) ? 0 : Number(data.flatFen);
    return flat + (data.remote.split(",").includes(province) ? Number(data.remoteFen) : 0);
  }
  const rate = JSON.parse(data.rates)[province];
  if (!rate) return null;
  const [firstG, firstFen, moreG, moreFen, freeFromFen] = rate;
  if (freeFromFen !== null && goods >= freeFromFen) return 0;
  return firstFen + Math.ceil(Math.max(0, grams - firstG) / moreG) * moreFen;
}

function showSum(form) {
  const data = form.dataset;
  const sum = chosen(form);
  const province = form.elements["address.province"].value;
  const postage = postageOf(data, sum, province);
  const isKnown = sum.goods > 0 && province !== "";
  form.querySelector("[data-sum]").hidden = !isKnown;
  form.querySelector("[data-postage-words]").hidden = isKnown;
  form.querySelector("[data-sum-goods]").textContent = `¥${yuan(sum.goods)}`;
  form.querySelector("[data-sum-postage]").textContent = postage === null ? data.sayUnserved : postage ? `¥${yuan(postage)}` : data.sayFree;
  form.querySelector("[data-sum-total]").textContent = `¥${yuan(sum.goods + (postage ?? 0))}`;
}

function watchState(order) {
  const every = WATCH_MS[order.dataset.watch];
  let timer = setTimeout(look, every);

  async function look() {
    clearTimeout(timer);
    try {
      const answer = await fetch(order.dataset.stateUrl, { cache: "no-store", headers: { Accept: "application/json" } });
      if (answer.ok && (await answer.json()).standing !== order.dataset.standing) {
        location.reload();
        return;
      }
    } catch {
      // No connection: look again at the next turn.
    }
    if (!document.hidden) timer = setTimeout(look, every);
  }

  document.addEventListener("visibilitychange", () => document.hidden || look());
}
