// Giving out work by dragging: with a finger, a pen or a mouse (pointer events). The form in each card does the sending,
// so that a drag does what choosing a name does, and without this file choosing still works.
const board = document.getElementById("work-board");
const status = document.getElementById("assign-status");
const ask = document.getElementById("assign-ask");
const FAR_PX = 6;

for (const grip of board.querySelectorAll("[data-grip]")) {
  grip.hidden = false;
  grip.addEventListener("pointerdown", (event) => startDrag(event, grip.closest("[data-card]")));
}

function startDrag(event, card) {
  if (event.button !== 0) return;
  event.preventDefault();
  const grip = event.currentTarget;
  grip.setPointerCapture(event.pointerId);
  const from = { x: event.clientX, y: event.clientY };
  let ghost = null;
  let target = null;

  const move = (now) => {
    if (!ghost && Math.hypot(now.clientX - from.x, now.clientY - from.y) < FAR_PX) return;
    ghost ??= makeGhost(card);
    ghost.style.transform = `translate(${now.clientX}px, ${now.clientY}px)`;
    scrollNearEdge(now.clientY);
    target = mark(columnAt(now.clientX, now.clientY, card), target);
  };
  const stop = () => {
    for (const [name, does] of listeners) grip.removeEventListener(name, does);
    ghost?.remove();
    card.classList.remove("is-dragged");
    mark(null, target);
  };
  const drop = () => {
    const column = target;
    stop();
    if (column) give(card, column);
  };
  const cancel = (pressed) => pressed.key === "Escape" && stop();
  const listeners = [
    ["pointermove", move],
    ["pointerup", drop],
    ["pointercancel", stop],
  ];
  for (const [name, does] of listeners) grip.addEventListener(name, does);
  window.addEventListener("keydown", cancel, { once: true });
}

function makeGhost(card) {
  const ghost = document.createElement("div");
  ghost.className = "work-ghost number";
  ghost.textContent = card.dataset.number;
  document.body.append(ghost);
  card.classList.add("is-dragged");
  return ghost;
}

/** The column under the pointer that would take the card; its own is none. */
function columnAt(x, y, card) {
  const column = document.elementFromPoint(x, y)?.closest("[data-drop]");
  return column && column.dataset.drop !== card.dataset.before ? column : null;
}

function mark(column, before) {
  if (column !== before) {
    before?.classList.remove("is-target");
    column?.classList.add("is-target");
    if (column) say(status.dataset.sayMove, column.dataset.name);
  }
  return column;
}

function scrollNearEdge(y) {
  const edge = 80;
  if (y < edge) window.scrollBy(0, -12);
  else if (y > window.innerHeight - edge) window.scrollBy(0, 12);
}

function say(words, name) {
  status.textContent = words.replace("{name}", name);
}

async function give(card, column) {
  if (card.dataset.with !== "0" && !(await isMeant(column.dataset.name))) return;
  const form = card.querySelector(".work-form");
  const choice = form.elements.to;
  if (![...choice.options].some((option) => option.value === column.dataset.drop)) {
    choice.append(new Option(column.dataset.name, column.dataset.drop));
  }
  choice.value = column.dataset.drop;
  say(status.dataset.sayMove, column.dataset.name);
  form.requestSubmit();
}

/** Work in somebody's hands is asked for first. */
function isMeant(name) {
  ask.querySelector("p").textContent = status.dataset.askHeld.replace("{name}", name);
  ask.returnValue = "no";
  ask.showModal();
  return new Promise((resolve) => {
    ask.addEventListener("close", () => resolve(ask.returnValue === "yes"), { once: true });
  });
}
