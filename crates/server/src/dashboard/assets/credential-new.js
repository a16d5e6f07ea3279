// The pages that show a new secret: the file is made here, from what the page shows, so that the
// secret goes nowhere but to whoever looks at it.

/** The members that OAuth libraries and the scripts of this field read. */
function member(id, secret, about) {
  return {
    client_id: id,
    client_secret: secret,
    issuer: about.issuer,
    token_endpoint: about.tokenEndpoint,
    audience: about.audience || null,
    scope: about.scope || "",
    clientId: id,
    clientSecret: secret,
  };
}

const textOf = (id) => document.getElementById(id)?.textContent ?? "";

/** What the form says of the API that is meant when a request names none: the first one chosen. */
function chosen(form) {
  for (const api of form.querySelectorAll(".api")) {
    const scopes = [...api.querySelectorAll("[name=scope]:checked")].map((box) => box.dataset.scope);
    if (scopes.length > 0 || api.querySelector("[name=api]:checked")) {
      return { audience: api.dataset.audience, scope: scopes.sort().join(" ") };
    }
  }
  return {};
}

/** `Nightly reports` as `hallpass-nightly-reports.json`, as the server would call it. */
function fileName(name, id) {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `hallpass-${slug || id}.json`;
}

function save(name, value) {
  const link = document.createElement("a");
  const blob = new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" });
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it in its own time.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** One new secret: of a new credential, or beside an old one. */
function one(place, button) {
  const id = textOf("client-id");
  const about = place.matches("form") ? { ...place.dataset, ...chosen(place) } : place.dataset;
  const name = place.dataset.file ?? fileName(place.elements.name.value, id);
  save(name, member(id, textOf("client-secret"), about));
  done(place, button);
}

/** Many: a file of all of them. */
function many(place, button) {
  const all = [...place.querySelectorAll(".one")].map((row) =>
    member(row.dataset.clientId, textOf(`secret-${row.dataset.clientId}`), {
      ...place.dataset,
      ...row.dataset,
    }),
  );
  save("hallpass-rotated.json", all);
  done(place, button);
}

/** Who has the file may add the credential. */
function done(place, button) {
  button.classList.remove("primary");
  button.querySelector("span").textContent = "Download again";
  const add = document.getElementById("add");
  if (!add) return;
  document.getElementById("stored").disabled = false;
  add.disabled = false;
  document.getElementById("add-why").textContent = "The file has been made: keep it safe.";
}

/** A scope brings its API, and an API without its box has no scopes. */
function tieBoxes(form) {
  form.addEventListener("change", (event) => {
    const api = event.target.closest?.(".api");
    if (!api) return;
    const whole = api.querySelector("[name=api]");
    if (event.target.name === "scope" && event.target.checked) whole.checked = true;
    if (event.target === whole && !whole.checked) {
      api.querySelectorAll("[name=scope]").forEach((box) => (box.checked = false));
    }
  });
}

/** The sentence that sums the form up, as the server says it. */
function sumUp(form) {
  const place = document.getElementById("summary");
  let waiting;
  const ask = async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("kept");
    const answer = await fetch(form.dataset.summary, { method: "POST", body: fields });
    if (answer.ok && !answer.redirected) place.textContent = await answer.text();
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask().catch(() => {}), 250);
  });
}

const place = document.getElementById("credential") ?? document.getElementById("rotated");
const button = document.getElementById("download");
if (place && button) {
  button.hidden = false;
  const make = place.id === "rotated" ? many : one;
  button.addEventListener("click", () => make(place, button));
  // What the Back button brings from memory would be the secret once more.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
document.querySelectorAll("form:has(.api)").forEach(tieBoxes);
if (place?.dataset.summary) sumUp(place);
