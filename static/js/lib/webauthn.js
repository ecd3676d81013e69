/** WebAuthn with JSON on both sides, by the browser alone (W3C WebAuthn Level 3: parse…FromJSON, toJSON). */

/** Whether this page, at this address, can have passkeys. */
export function supported() {
  return (
    window.isSecureContext &&
    "PublicKeyCredential" in window &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function"
  );
}

/** Make a passkey by the server's options. */
export async function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}

/** Show one of the device's passkeys. */
export async function get(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}
