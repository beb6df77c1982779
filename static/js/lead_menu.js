// The lead's menu is one row that scrolls sideways where it is too long: the present page's entry is brought into view.
const menu = document.querySelector("[data-menu]");
const current = menu?.querySelector("[aria-current]");
if (current) menu.scrollLeft = current.offsetLeft - menu.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2;
