// The card form: what is typed, whether it is complete, and sending it to the API.
"use strict";

document.documentElement.dataset.theme = about.get("theme") === "night" ? "dark" : "light";
const form = document.getElementById("card");
const field = (name) => document.getElementById(name);
const digits = (text) => text.replace(/\D/g, "");
const NAMES = ["number", "expiry", "cvc"];

function brand(number) {
  if (/^3[47]/.test(number)) return "amex";
  if (/^4/.test(number)) return "visa";
  if (/^(5[1-5]|2[2-7])/.test(number)) return "mastercard";
  if (/^6(011|5)/.test(number)) return "discover";
  if (/^35/.test(number)) return "jcb";
  if (/^(30|36|38)/.test(number)) return "diners";
  if (/^62/.test(number)) return "unionpay";
  return "unknown";
}

const longest = (number) => (brand(number) === "amex" ? 15 : 16);

function checks(number) {
  let sum = 0;
  for (let place = 0; place < number.length; place++) {
    let digit = Number(number[number.length - 1 - place]);
    if (place % 2) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** The first thing wrong with each field, in Stripe's words. */
function faults() {
  const number = digits(field("number").value);
  const expiry = digits(field("expiry").value);
  const cvc = digits(field("cvc").value);
  const found = {};
  const say = (name, code, message) => (found[name] ??= { type: "validation_error", code, message });
  if (number.length < longest(number)) say("number", "incomplete_number", "Your card number is incomplete.");
  else if (!checks(number)) say("number", "invalid_number", "Your card number is invalid.");
  const month = Number(expiry.slice(0, 2));
  const year = 2000 + Number(expiry.slice(2, 4));
  const now = new Date();
  if (expiry.length < 4) say("expiry", "incomplete_expiry", "Your card’s expiration date is incomplete.");
  else if (month < 1 || month > 12) say("expiry", "invalid_expiry_month", "Your card’s expiration month is invalid.");
  else if (year * 12 + month < now.getFullYear() * 12 + now.getMonth() + 1)
    say("expiry", "invalid_expiry_year_past", "Your card’s expiration year is in the past.");
  if (cvc.length < (brand(number) === "amex" ? 4 : 3)) say("cvc", "incomplete_cvc", "Your card’s security code is incomplete.");
  return found;
}

/** Shows what is wrong with the named fields. */
function show(names) {
  const found = faults();
  for (const name of names) {
    const fault = found[name];
    field(name).setAttribute("aria-invalid", String(Boolean(fault)));
    field(`${name}-error`).textContent = fault?.message ?? "";
  }
  grow();
}

let heightBefore = 0;
function grow() {
  const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
  if (height !== heightBefore) tell({ event: "height", height: (heightBefore = height) });
}

function changed() {
  const empty = NAMES.every((name) => field(name).value === "");
  const complete = Object.keys(faults()).length === 0;
  field("brand").textContent = brand(digits(field("number").value)).replace("unknown", "");
  tell({ event: "change", change: { elementType: "payment", empty, complete, collapsed: false, value: { type: "card" } } });
}

/** Writes a field's digits in groups, the cursor at the end where it was at the end. */
function write(input, text) {
  const atEnd = input.selectionStart === input.value.length;
  if (input.value === text) return;
  const place = input.selectionStart;
  input.value = text;
  if (!atEnd) input.setSelectionRange(place, place);
}

field("number").addEventListener("input", ({ target }) => {
  const number = digits(target.value).slice(0, 19);
  const groups = brand(number) === "amex" ? number.replace(/^(\d{4})(\d{1,6})?(\d+)?$/, "$1 $2 $3") : number.replace(/(\d{4})(?=\d)/g, "$1 ");
  write(target, groups.trim());
});
field("expiry").addEventListener("input", (event) => {
  let date = digits(event.target.value).slice(0, 4);
  if (/^[2-9]/.test(date)) date = `0${date}`.slice(0, 4);
  const erasing = event.inputType?.startsWith("delete");
  write(event.target, date.length > 2 || (date.length === 2 && !erasing) ? `${date.slice(0, 2)} / ${date.slice(2)}` : date);
});
field("cvc").addEventListener("input", ({ target }) => write(target, digits(target.value).slice(0, 4)));

for (const name of NAMES) {
  const input = field(name);
  input.addEventListener("input", () => {
    if (input.getAttribute("aria-invalid") === "true") show([name]);
    changed();
  });
  input.addEventListener("blur", () => {
    if (input.value) show([name]);
    tell({ event: "blur" });
  });
  input.addEventListener("focus", () => tell({ event: "focus" }));
  input.addEventListener("keydown", ({ key }) => key === "Escape" && tell({ event: "escape" }));
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  tell({ event: "enter" });
});
document.querySelectorAll("[data-number]").forEach((button) =>
  button.addEventListener("click", () => {
    field("number").value = button.dataset.number;
    if (!field("expiry").value) field("expiry").value = "12 / 34";
    if (!field("cvc").value) field("cvc").value = button.dataset.number.startsWith("3") ? "1234" : "123";
    field("number").dispatchEvent(new Event("input"));
    show(NAMES);
    field("number").focus();
  }),
);
document.querySelector("details")?.addEventListener("toggle", grow);

/** Fields of `payment_method_data`, with the billing details that the page knows. */
function methodData(billing) {
  const expiry = digits(field("expiry").value);
  const data = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": digits(field("number").value),
    "payment_method_data[card][exp_month]": String(Number(expiry.slice(0, 2))),
    "payment_method_data[card][exp_year]": String(2000 + Number(expiry.slice(2))),
    "payment_method_data[card][cvc]": digits(field("cvc").value),
  };
  for (const name of ["email", "name", "phone"]) {
    if (billing?.[name]) data[`payment_method_data[billing_details][${name}]`] = billing[name];
  }
  return data;
}

function validate() {
  show(NAMES);
  const found = faults();
  const first = NAMES.find((name) => found[name]);
  if (!first) return {};
  field(first).focus();
  return { error: found[first] };
}

function busy(is) {
  for (const name of NAMES) field(name).readOnly = is;
}

listen({
  validate,
  async confirm(args) {
    const wrong = validate();
    if (wrong.error) return wrong;
    busy(true);
    const answer = await confirm({ ...args, fields: { ...args.fields, ...methodData(args.billing) } });
    busy(false);
    const at = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" }[answer.error?.param];
    if (at) {
      field(at).setAttribute("aria-invalid", "true");
      field(`${at}-error`).textContent = answer.error.message;
      grow();
    }
    return answer;
  },
  async createPaymentMethod({ billing }) {
    const wrong = validate();
    if (wrong.error) return wrong;
    const fields = Object.entries(methodData(billing)).map(([name, value]) => {
      const path = name.replace(/^payment_method_data\[([a-z_]+)\]/, "$1");
      return [path, value];
    });
    return api("POST", "/v1/payment_methods", fields);
  },
  focus() {
    field("number").focus();
    return {};
  },
  blur() {
    document.activeElement?.blur();
    return {};
  },
  clear() {
    for (const name of NAMES) {
      field(name).value = "";
      field(name).removeAttribute("aria-invalid");
      field(`${name}-error`).textContent = "";
    }
    changed();
    return {};
  },
  appearance({ appearance, readOnly }) {
    const root = document.documentElement;
    if (appearance?.theme) root.dataset.theme = appearance.theme === "night" ? "dark" : "light";
    const names = { colorPrimary: "--accent", colorBackground: "--field", colorText: "--ink", colorTextSecondary: "--soft", colorDanger: "--danger", borderRadius: "--radius", fontFamily: "--font", fontSizeBase: "--size" };
    for (const [from, to] of Object.entries(names)) {
      const value = appearance?.variables?.[from];
      if (typeof value === "string") root.style.setProperty(to, value);
    }
    if (typeof readOnly === "boolean") busy(readOnly);
    grow();
    return {};
  },
});
new ResizeObserver(grow).observe(document.documentElement);
grow();
tell({ event: "ready" });
