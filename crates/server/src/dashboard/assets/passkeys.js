// Passkeys: the server asks, the browser and the authenticator answer, and the form carries the
// answer. Without script, or in a browser that has no passkeys, these forms stay hidden.

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withIds = (list) => list.map((one) => ({ ...one, id: decode(one.id) }));

const ways = {
  async create(options) {
    const publicKey = {
      ...options,
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: withIds(options.excludeCredentials),
    };
    const { response } = await navigator.credentials.create({ publicKey });
    return {
      client_data: encode(response.clientDataJSON),
      attestation: encode(response.attestationObject),
    };
  },

  async get(options) {
    const publicKey = {
      ...options,
      challenge: decode(options.challenge),
      allowCredentials: withIds(options.allowCredentials),
    };
    const { rawId, response } = await navigator.credentials.get({ publicKey });
    return {
      id: encode(rawId),
      client_data: encode(response.clientDataJSON),
      authenticator_data: encode(response.authenticatorData),
      signature: encode(response.signature),
      user_handle: response.userHandle ? encode(response.userHandle) : null,
    };
  },
};

async function send(form) {
  const trouble = form.querySelector("[data-trouble]");
  trouble.hidden = true;
  try {
    const asked = await fetch(form.dataset.options, { method: "POST", redirect: "error" });
    if (!asked.ok) throw new Error(`The server answered ${asked.status}. Load the page anew.`);
    const answer = await ways[form.dataset.passkey](await asked.json());
    form.elements.answer.value = JSON.stringify(answer);
    form.submit();
  } catch (why) {
    // NotAllowedError: cancelled, or too slow. Its own words help nobody.
    trouble.textContent =
      why.name === "NotAllowedError" ? "The browser did not use a passkey. Try again." : why.message;
    trouble.hidden = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) break;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
