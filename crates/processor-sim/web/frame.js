// What the stand-in's own frames share: talking to the page that holds them, and to the API. The card's data stay here: they
// go to the API from this origin alone, and to the page never.
"use strict";

const about = new URLSearchParams(location.hash.slice(1));
const merchant = about.get("origin") ?? "";
const key = about.get("key") ?? "";

/** Tells the merchant's page something. */
function tell(message) {
  if (window.parent !== window && merchant) window.parent.postMessage({ sim: "tandem", ...message }, merchant);
}

/** Answers calls of the merchant's page by `calls[name](args)`. */
function listen(calls) {
  window.addEventListener("message", async (event) => {
    const message = event.data;
    if (event.source !== window.parent || event.origin !== merchant || message?.sim !== "tandem") return;
    if (!Object.hasOwn(calls, message.call)) return;
    let value;
    try {
      value = await calls[message.call](message.args ?? {});
    } catch (error) {
      value = { error: { type: "api_error", message: String(error?.message ?? error) } };
    }
    tell({ reply: message.id, value });
  });
}

/** Calls the API with the publishable key: `{ value }` or `{ error }`. */
async function api(method, path, fields) {
  const text = new URLSearchParams(fields).toString();
  const address = method === "GET" && text ? `${path}?${text}` : path;
  const headers = { Authorization: `Bearer ${key}` };
  if (method === "POST") headers["Content-Type"] = "application/x-www-form-urlencoded";
  let response;
  try {
    response = await fetch(address, { method, headers, body: method === "POST" ? text : undefined });
    const value = await response.json();
    return value.error ? { error: value.error } : { value };
  } catch {
    const message = "We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.";
    return { error: { type: "api_connection_error", message } };
  }
}

/** The path of the intent that a client secret belongs to. */
function intentPath(secret) {
  const id = String(secret).split("_secret_")[0];
  return `/v1/${id.startsWith("seti_") ? "setup_intents" : "payment_intents"}/${encodeURIComponent(id)}`;
}

/** Confirms the intent of a client secret. */
function confirm({ clientSecret, returnUrl, byScript, fields }) {
  const all = { client_secret: clientSecret, ...fields };
  if (returnUrl) all.return_url = returnUrl;
  if (byScript) all.use_stripe_sdk = "true";
  return api("POST", `${intentPath(clientSecret)}/confirm`, all);
}

/** Asks for the intent of a client secret. */
function retrieve({ clientSecret }) {
  return api("GET", intentPath(clientSecret), { client_secret: clientSecret });
}
