// Passkeys are all that needs a script here. What a form asks for is in its `data-options`; what the
// authenticator answers goes back in its field `credential`, like any other answer.
"use strict";

const ceremonies = {
  get: (options, extra) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
      ...extra,
    }),
  create: (options, extra) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
      ...extra,
    }),
};

function offer(form) {
  const run = ceremonies[form.dataset.passkey];
  const options = JSON.parse(form.dataset.options);
  let waiting = null;

  const answer = (credential) => {
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    waiting?.abort();
    form.querySelector("[data-failed]").hidden = true;
    try {
      answer(await run(options));
    } catch {
      // Cancelled, timed out or no such passkey: browsers do not say which.
      form.querySelector("[data-failed]").hidden = false;
    }
  });
  form.hidden = false;
  for (const companion of document.querySelectorAll("[data-with-passkeys]")) {
    companion.hidden = false;
  }

  // The passkey is offered among the names that the browser would fill in.
  if ("conditional" in form.dataset) {
    PublicKeyCredential.isConditionalMediationAvailable?.().then((isAvailable) => {
      if (!isAvailable) return;
      waiting = new AbortController();
      run(options, { mediation: "conditional", signal: waiting.signal }).then(answer, () => {});
    });
  }
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  document.querySelectorAll("form[data-passkey]").forEach(offer);
}
