// A row of links that scrolls sideways where it is too long: the present page's entry is brought into view.
for (const menu of document.querySelectorAll("[data-menu]")) {
  const current = menu.querySelector("[aria-current]");
  if (current) menu.scrollLeft = current.offsetLeft - menu.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2;
}
