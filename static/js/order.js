// The order form (address kept on this device, the sum before ordering) and the order page (watches for the payment).
import { yuan } from "./show.js";

const KEPT = "gongfang.address";
const FIELDS = ["buyer.name", "buyer.phone", "address.province", "address.city", "address.district", "address.street", "address.detail"];
const WATCH_MS = { fast: 2000, slow: 8000 };

const form = document.querySelector("[data-order-form]");
if (form) {
  keepAddress(form);
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
    if (kept && !field.value) field.value = kept[name] ?? "";
  }
  forget.addEventListener("click", () => {
    localStorage.removeItem(KEPT);
    for (const name of FIELDS) form.elements[name].value = "";
    remember.querySelector("input").checked = false;
    forget.hidden = true;
    form.elements[FIELDS[0]].focus();
  });
  form.addEventListener("submit", () => {
    if (!remember.querySelector("input").checked) return;
    const typed = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    try {
      localStorage.setItem(KEPT, JSON.stringify(typed));
    } catch {
      // A private window keeps nothing; the order goes out all the same.
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

/** The same postage as shop/orders/rules.py works out; the server's figure is the one that counts. */
function showSum(form) {
  const data = form.dataset;
  let goods = 0;
  for (const line of form.querySelectorAll("[data-line]")) {
    goods += Number(line.dataset.priceFen) * Math.max(0, Math.floor(Number(line.querySelector("input[type=number]").value) || 0));
  }
  const province = form.elements["address.province"].value;
  const flat = goods >= Number(data.freeFromFen) ? 0 : Number(data.flatFen);
  const postage = flat + (data.remote.split(",").includes(province) ? Number(data.remoteFen) : 0);
  const isKnown = goods > 0 && province !== "";
  form.querySelector("[data-sum]").hidden = !isKnown;
  form.querySelector("[data-postage-words]").hidden = isKnown;
  form.querySelector("[data-sum-goods]").textContent = `¥${yuan(goods)}`;
  form.querySelector("[data-sum-postage]").textContent = postage ? `¥${yuan(postage)}` : data.sayFree;
  form.querySelector("[data-sum-total]").textContent = `¥${yuan(goods + postage)}`;
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
