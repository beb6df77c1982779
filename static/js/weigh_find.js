// A farmer's badge at the scale: scanned by hand scanner or camera, it opens the slip, or narrows the list to the farmer.

const field = document.querySelector("[data-filter]");

document.addEventListener("gongfang:scan", (event) => {
  const code = event.detail.code;
  if (!code.startsWith("NH-") || !field) return;
  event.preventDefault();
  const links = [...document.querySelectorAll("[data-code]")].filter((row) => row.dataset.code === code).map((row) => row.querySelector("a"));
  if (links.length === 1) {
    location.assign(links[0].href);
    return;
  }
  field.value = code;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
