// The working beside the form while somebody types. The server works everything out; without this file the button does.

const PAUSE_MS = 350;
const NEEDED = ["gross", "tare", "moisture", "foreign", "grade"];

const form = document.querySelector("[data-working-url]");
const panel = form?.querySelector("[data-working]");
const said = form?.querySelector("[data-say]");
let waiting = null;
let asking = null;

form?.addEventListener("input", () => {
  // What is shown no longer belongs to what is typed: it cannot be confirmed until it is worked out again.
  for (const button of panel.querySelectorAll("button")) button.disabled = true;
  asking?.abort();
  clearTimeout(waiting);
  waiting = setTimeout(workOut, PAUSE_MS);
});

async function workOut() {
  const typed = new FormData(form);
  if (NEEDED.some((name) => !(typed.get(name) ?? "").toString().trim())) return;
  asking = new AbortController();
  panel.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.workingUrl, { method: "POST", body: typed, signal: asking.signal, headers: { Accept: "text/html" } });
    if (answer.ok) {
      panel.innerHTML = await answer.text();
      said.textContent = panel.querySelector("[data-total]")?.textContent ?? "";
    }
  } catch {
    // No connection, or something newer was typed: the button under the fields still works.
  } finally {
    panel.removeAttribute("aria-busy");
  }
}
