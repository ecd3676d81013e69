/** Passkeys: the browser makes or shows one, and a form sends it. Without https (or localhost) there are none. */

import { create, get, supported } from "../lib/webauthn.js";

/** Ask the browser before the form is sent; it is sent with what the browser gives. */
function sendsPasskey(form, ask) {
  const failure = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failure.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await ask());
      form.submit();
    } catch (error) {
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      failure.hidden = false;
    }
  });
}

async function optionsForLogIn(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options;
}

if (supported()) {
  document.querySelector("[data-no-passkeys]")?.remove();
  const logIn = document.querySelector("[data-passkey-login]");
  if (logIn) sendsPasskey(logIn, async () => get(await optionsForLogIn(logIn.action)));
  const fresh = document.querySelector("[data-new-passkey]");
  if (fresh) {
    const options = JSON.parse(document.getElementById("passkey-options").textContent);
    sendsPasskey(fresh, () => create(options));
  }
}
