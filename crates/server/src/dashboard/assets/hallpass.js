// What every page may use. All of it only adds comfort: without script the pages still work.

/** How long a copied secret may stay in the clipboard. */
const SECRET_STAYS_MS = 60_000;
const CHECK_STAYS_MS = 2_000;

/** Buttons that copy what `data-copy` names by its id. They are hidden until this runs. */
function copyButton(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = source.value ?? source.textContent;
    await navigator.clipboard.writeText(text);
    button.dataset.done = "";
    say("Copied");
    setTimeout(() => delete button.dataset.done, CHECK_STAYS_MS);
    if ("secret" in button.dataset) setTimeout(() => forget(text), SECRET_STAYS_MS);
  });
}

/** Empties the clipboard, unless something else is known to be in it by now. */
async function forget(text) {
  let holds = text;
  try {
    holds = await navigator.clipboard.readText();
  } catch {
    // Reading needs a permission that nobody should have to give.
  }
  try {
    if (holds === text) await navigator.clipboard.writeText("");
  } catch {
    // The page is in the background: the browser does not let it.
  }
}

/** Tells a screen reader. */
function say(words) {
  const region = document.getElementById("said");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = words));
}

/** A form that was sent is not sent again by a second click. */
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent !== undefined) return event.preventDefault();
    form.dataset.sent = "";
  });
}

/** `commandfor` in browsers that do not know it yet. */
function commandButton(button) {
  button.addEventListener("click", () => {
    const target = document.getElementById(button.getAttribute("commandfor"));
    const command = button.getAttribute("command");
    if (command === "show-modal") target?.showModal();
    if (command === "close") target?.close();
  });
}

/** A menu closes when the click goes elsewhere or Escape is pressed. */
function menu(details) {
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
}

/** Where tabs do not fit side by side, the one of this page is in sight. */
function showTab(tabs) {
  const here = tabs.querySelector("[aria-current]");
  if (here) tabs.scrollLeft = here.offsetLeft - (tabs.clientWidth - here.offsetWidth) / 2;
}

const fit = new ResizeObserver((changed) => changed.forEach((one) => showTab(one.target)));
document.querySelectorAll("nav.tabs").forEach((tabs) => fit.observe(tabs));
document.querySelectorAll("[data-copy]").forEach(copyButton);
document.querySelectorAll("form[method=post]").forEach(sendOnce);
document.querySelectorAll("details.switcher").forEach(menu);
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.querySelectorAll("button[commandfor]").forEach(commandButton);
}
// Coming back by the Back button must find forms that can be sent again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
