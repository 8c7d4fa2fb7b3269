"use strict";
// The token is in the fragment, which no server is sent. It is taken out of the address bar at once, and kept in this
// variable alone.
(() => {
  const page = document.body.dataset.page;
  const api = document.body.dataset.api;
  const part = (id) => document.getElementById(id);
  const status = part("status");
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.hash) history.replaceState(null, "", location.pathname);

  const say = (text) => {
    status.textContent = text;
    status.focus();
  };

  const complain = (field, text) => {
    const input = part(field);
    part(`${field}-error`).textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };

  const send = async (form, call, body) => {
    const button = form.querySelector("button");
    button.disabled = true;
    status.textContent = "";
    try {
      return await fetch(api + call, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
      });
    } catch {
      say("The service could not be reached. Try again in a moment.");
      return null;
    } finally {
      button.disabled = false;
    }
  };

  const failed = async (answer, fields) => {
    if (answer.status === 429) {
      const minutes = Math.max(1, Math.ceil(Number(answer.headers.get("retry-after") || 60) / 60));
      say(minutes > 600 ? "Too many attempts." : `Too many attempts. Try again in ${minutes} min.`);
      return {};
    }
    let errors = {};
    try {
      errors = (await answer.json()).errors || {};
    } catch {
      errors = {};
    }
    let shown = false;
    for (const field of fields) {
      if (errors[field]) {
        complain(field, errors[field].join(" "));
        if (!shown) part(field).focus();
        shown = true;
      }
    }
    if (!shown && !errors.token) say("Something went wrong. Try again in a moment.");
    return errors;
  };

  const showOnDemand = (...fields) => {
    part("show").addEventListener("change", (event) => {
      for (const field of fields) part(field).type = event.target.checked ? "text" : "password";
    });
  };

  if (page === "verify") {
    const form = part("verify");
    showOnDemand("password");
    if (!token) {
      part("without").hidden = false;
      return;
    }
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const password = part("password").value;
      complain("password", password ? "" : "Enter your password.");
      if (!password) {
        part("password").focus();
        return;
      }
      const answer = await send(form, "/api/auth/verify-email", { token, password });
      if (!answer) return;
      if (answer.ok) {
        form.hidden = true;
        form.reset();
        say("Your email address is confirmed. Sign in with your password.");
        return;
      }
      const errors = await failed(answer, ["password"]);
      if (errors.token || errors.email) {
        form.hidden = true;
        say((errors.token || errors.email).join(" "));
      }
    });
    return;
  }

  const reset = part("reset");
  const forgot = part("forgot");
  (token ? reset : forgot).hidden = false;

  showOnDemand("password", "again");

  reset.addEventListener("submit", async (event) => {
    event.preventDefault();
    const password = part("password").value;
    complain("password", password ? "" : "Enter a new password.");
    complain("again", password === part("again").value ? "" : "The passwords do not match.");
    const wrong = reset.querySelector("[aria-invalid]");
    if (wrong) {
      wrong.focus();
      return;
    }
    const answer = await send(reset, "/api/auth/reset-password", { token, password });
    if (!answer) return;
    if (answer.ok) {
      reset.hidden = true;
      reset.reset();
      say("Your password was changed and you were signed out everywhere. Sign in with the new password.");
      return;
    }
    const errors = await failed(answer, ["password"]);
    if (errors.token) {
      reset.hidden = true;
      forgot.hidden = false;
      say(errors.token.join(" "));
    }
  });

  forgot.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain("email", "");
    const answer = await send(forgot, "/api/auth/forgot-password", { email: part("email").value });
    if (!answer) return;
    if (answer.ok) {
      forgot.hidden = true;
      say("If this address has an account, you will receive an email shortly.");
      return;
    }
    await failed(answer, ["email"]);
  });
})();
