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

  async get(options, how) {
    const publicKey = {
      ...options,
      challenge: decode(options.challenge),
      allowCredentials: withIds(options.allowCredentials),
    };
    const { rawId, response } = await navigator.credentials.get({ publicKey, ...how });
    return {
      id: encode(rawId),
      client_data: encode(response.clientDataJSON),
      authenticator_data: encode(response.authenticatorData),
      signature: encode(response.signature),
      user_handle: response.userHandle ? encode(response.userHandle) : null,
    };
  },
};

/** Asks the server, then the authenticator, and sends what it answers. */
async function answer(form, how) {
  const { signal } = how ?? {};
  const asked = await fetch(form.dataset.options, { method: "POST", redirect: "error", signal });
  if (!asked.ok) throw new Error(`The server answered ${asked.status}. Load the page anew.`);
  const found = await ways[form.dataset.passkey](await asked.json(), how);
  form.elements.answer.value = JSON.stringify(found);
  form.submit();
}

async function send(form) {
  const trouble = form.querySelector("[data-trouble]");
  trouble.hidden = true;
  try {
    await answer(form);
  } catch (why) {
    // NotAllowedError: cancelled, or too slow. Its own words help nobody.
    trouble.textContent =
      why.name === "NotAllowedError" ? "The browser did not use a passkey. Try again." : why.message;
    trouble.hidden = false;
  }
}

/** The challenge of the server is good for five minutes. */
const ASK_ANEW_MS = 240_000;

/** Offers passkeys among what the browser fills in, until the button asks or one is chosen. */
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const end = new AbortController();
  form.addEventListener("submit", () => end.abort());
  while (!end.signal.aborted) {
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(ASK_ANEW_MS)]);
    try {
      await answer(form, { mediation: "conditional", signal });
      end.abort();
    } catch (why) {
      // Nobody asked for it, so nobody is told what went wrong.
      if (why.name !== "TimeoutError") end.abort();
    }
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) break;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  if (document.querySelector("input[autocomplete~=webauthn]")) offer(form);
}
