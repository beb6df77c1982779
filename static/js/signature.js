// A field to sign in with finger, pen or mouse. What is drawn is the path that is sent: what you see is what is kept.
// Without scripts or a hand for drawing, the name and the tick below the field do.

const MOST = "data-most";

for (const pad of document.querySelectorAll("[data-signature]")) {
  const drawing = pad.querySelector("svg");
  const line = drawing.querySelector("path");
  const sent = pad.querySelector("input[type=hidden]");
  const clear = pad.querySelector("[data-clear]");
  const { width, height } = drawing.viewBox.baseVal;
  const most = Number(pad.getAttribute(MOST));
  let path = line.getAttribute("d") ?? "";
  let last = "";
  let drawingWith = null;

  pad.hidden = false;

  const place = (event) => {
    const box = drawing.getBoundingClientRect();
    const bounded = (share, size) => Math.round(Math.min(1, Math.max(0, share)) * size);
    return `${bounded((event.clientX - box.left) / box.width, width)} ${bounded((event.clientY - box.top) / box.height, height)}`;
  };

  const show = () => {
    line.setAttribute("d", path);
    sent.value = path;
    clear.hidden = path === "";
  };

  const add = (command, point) => {
    const longer = `${path}${command}${point}`;
    // Full: the hand goes on, the line does not; what is there is a signature long since.
    if (longer.length > most || (command === "L" && point === last)) return;
    path = longer;
    last = point;
  };

  drawing.addEventListener("pointerdown", (event) => {
    if (drawingWith !== null || event.button !== 0) return;
    event.preventDefault();
    drawingWith = event.pointerId;
    drawing.setPointerCapture(event.pointerId);
    add("M", place(event));
    show();
  });

  drawing.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawingWith) return;
    // Every point the pen made since the last frame, where the browser tells them.
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) add("L", place(step));
    show();
  });

  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, (event) => {
      if (event.pointerId === drawingWith) drawingWith = null;
    });
  }

  clear.addEventListener("click", () => {
    path = last = "";
    show();
  });

  show();
}
