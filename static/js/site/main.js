/** What every page does: the menu closes on a click elsewhere and on Escape, forms are sent once, posters printed. */

const menu = document.querySelector("details.menu");

if (menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

/* A form that makes something is sent once, however often its button is pressed; a page shown again may be sent again. */
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => delete form.dataset.sent);
}

document.querySelector("[data-print]")?.addEventListener("click", () => print());
