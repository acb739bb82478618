//! What does each call take? The parameters of Stripe's API reference (stripe/openapi, version 2026-07-29.dahlia, and
//! async-stripe 1.0.0-rc.10, version 2026-09-30.endive); those
//! that are no part of paying by card are known but not simulated.

use super::params::{Kind, Param};

const fn text(name: &'static str) -> Param {
    Param::new(name, Kind::Text(5_000))
}
const fn integer(name: &'static str) -> Param {
    Param::new(name, Kind::Integer)
}
const fn boolean(name: &'static str) -> Param {
    Param::new(name, Kind::Boolean)
}
const fn choice(name: &'static str, of: &'static [&'static str]) -> Param {
    Param::new(name, Kind::Choice(of))
}
const fn hash(name: &'static str, of: &'static [Param]) -> Param {
    Param::new(name, Kind::Hash(of))
}
const fn other(name: &'static str) -> Param {
    Param::new(name, Kind::NotSimulated)
}
const METADATA: Param = Param::new("metadata", Kind::Metadata).emptyable();
const CREATED: Param = Param::new("created", Kind::Range);
const ALLOWED: Param = Param::new("allowed_payment_method_types", Kind::Texts);
const TYPES: Param = Param::new("payment_method_types", Kind::Texts);
pub(super) const RETRIEVE: [Param; 1] = [text("client_secret")];

// Pages of lists ("API reference", *Pagination*).
const LIMIT: Param = integer("limit");
const AFTER: Param = text("starting_after");
const BEFORE: Param = text("ending_before");

const ADDRESS: [Param; 6] = [
    text("city").emptyable(),
    text("country").emptyable(),
    text("line1").emptyable(),
    text("line2").emptyable(),
    text("postal_code").emptyable(),
    text("state").emptyable(),
];
const BILLING: Param = hash(
    "billing_details",
    &[
        Param::new("address", Kind::Hash(&ADDRESS)).emptyable(),
        text("email").emptyable(),
        text("name").emptyable(),
        text("phone").emptyable(),
        text("tax_id"),
    ],
);
const REDISPLAY: Param = choice("allow_redisplay", &["always", "limited", "unspecified"]);
const CARD: [Param; 6] =
    [text("cvc"), integer("exp_month"), integer("exp_year"), other("networks"), text("number"), text("token")];
const METHOD_DATA: Param = hash(
    "payment_method_data",
    &[choice("type", &["card"]).required(), hash("card", &CARD), BILLING, METADATA, REDISPLAY, other("radar_options")],
);
const METHOD_OPTIONS: Param = hash(
    "payment_method_options",
    &[hash(
        "card",
        &[
            choice("request_three_d_secure", &["any", "automatic", "challenge"]),
            choice("setup_future_usage", &["none", "off_session", "on_session"]).emptyable(),
            other("capture_method"),
            text("cvc_token"),
            other("installments"),
            other("mandate_options"),
            boolean("moto"),
            other("network"),
            other("request_extended_authorization"),
            other("request_incremental_authorization"),
            other("request_multicapture"),
            other("request_overcapture"),
            boolean("require_cvc_recollection"),
            other("statement_descriptor_suffix_kana"),
            other("statement_descriptor_suffix_kanji"),
            other("three_d_secure"),
        ],
    )],
);
const SETUP_METHOD_OPTIONS: Param = hash(
    "payment_method_options",
    &[hash(
        "card",
        &[
            choice("request_three_d_secure", &["any", "automatic", "challenge"]),
            boolean("moto"),
            other("mandate_options"),
            other("network"),
            other("three_d_secure"),
        ],
    )],
);
const AUTOMATIC: Param = hash(
    "automatic_payment_methods",
    &[boolean("enabled").required(), choice("allow_redirects", &["always", "never"])],
);
const MANDATE: Param = hash(
    "mandate_data",
    &[hash(
        "customer_acceptance",
        &[
            choice("type", &["offline", "online"]).required(),
            integer("accepted_at"),
            hash("offline", &[]),
            hash("online", &[text("ip_address"), text("user_agent")]),
            // Of Stripe.js: "infer_from_client".
            boolean("infer_from_client"),
        ],
    )
    .required()],
)
.emptyable();
const OFF_SESSION: Param = Param::new("off_session", Kind::BooleanOr(&["one_off", "recurring"]));
const FUTURE: &[&str] = &["off_session", "on_session"];
const DESCRIPTOR: Param = Param::new("statement_descriptor", Kind::Text(22));
const DESCRIPTOR_SUFFIX: Param = Param::new("statement_descriptor_suffix", Kind::Text(22));

pub(super) const INTENT_CREATE: [Param; 41] = [
    integer("amount").required(),
    text("currency").required(),
    ALLOWED,
    other("amount_details"),
    other("application_fee_amount"),
    AUTOMATIC,
    choice("capture_method", &["automatic", "automatic_async"]),
    boolean("confirm"),
    choice("confirmation_method", &["automatic"]),
    other("confirmation_token"),
    text("customer"),
    other("customer_account"),
    text("description"),
    boolean("error_on_requires_action"),
    other("excluded_payment_method_types"),
    other("hooks"),
    other("mandate"),
    MANDATE,
    METADATA,
    OFF_SESSION,
    other("on_behalf_of"),
    other("payment_details"),
    text("payment_method"),
    other("payment_method_configuration"),
    METHOD_DATA,
    METHOD_OPTIONS,
    TYPES,
    other("radar_options"),
    text("receipt_email"),
    text("return_url"),
    choice("setup_future_usage", FUTURE),
    other("shipping"),
    DESCRIPTOR,
    DESCRIPTOR_SUFFIX,
    other("transfer_data"),
    other("transfer_group"),
    boolean("use_stripe_sdk"),
    other("cross_border_classification"),
    other("fx_quote"),
    other("managed_payments"),
    other("secret_key_confirmation"),
];

pub(super) const INTENT_UPDATE: [Param; 25] = [
    integer("amount"),
    text("currency"),
    ALLOWED,
    other("amount_details"),
    other("application_fee_amount"),
    choice("capture_method", &["automatic", "automatic_async"]),
    text("customer"),
    other("customer_account"),
    text("description").emptyable(),
    other("excluded_payment_method_types"),
    other("hooks"),
    METADATA,
    other("payment_details"),
    text("payment_method").emptyable(),
    other("payment_method_configuration"),
    METHOD_DATA,
    METHOD_OPTIONS,
    TYPES,
    text("receipt_email").emptyable(),
    choice("setup_future_usage", FUTURE).emptyable(),
    other("shipping"),
    DESCRIPTOR,
    DESCRIPTOR_SUFFIX,
    other("transfer_data"),
    other("transfer_group"),
];

pub(super) const INTENT_CONFIRM: [Param; 23] = [
    ALLOWED,
    other("amount_details"),
    other("amount_to_confirm"),
    choice("capture_method", &["automatic", "automatic_async"]),
    text("client_secret"),
    other("confirmation_token"),
    boolean("error_on_requires_action"),
    other("excluded_payment_method_types"),
    other("hooks"),
    other("mandate"),
    MANDATE,
    OFF_SESSION,
    other("payment_details"),
    text("payment_method"),
    METHOD_DATA,
    METHOD_OPTIONS,
    TYPES,
    other("radar_options"),
    text("receipt_email").emptyable(),
    text("return_url"),
    choice("setup_future_usage", FUTURE).emptyable(),
    other("shipping"),
    boolean("use_stripe_sdk"),
];

pub(super) const INTENT_CANCEL: [Param; 1] =
    [choice("cancellation_reason", &["duplicate", "fraudulent", "requested_by_customer", "abandoned"])];

pub(super) const CUSTOMERS_LIST: [Param; 6] =
    [CREATED, text("customer"), other("customer_account"), LIMIT, AFTER, BEFORE];

pub(super) const SETUP_CREATE: [Param; 22] = [
    ALLOWED,
    other("attach_to_self"),
    AUTOMATIC,
    boolean("confirm"),
    other("confirmation_token"),
    text("customer"),
    other("customer_account"),
    text("description"),
    other("excluded_payment_method_types"),
    other("flow_directions"),
    MANDATE,
    METADATA,
    other("on_behalf_of"),
    text("payment_method"),
    other("payment_method_configuration"),
    METHOD_DATA,
    SETUP_METHOD_OPTIONS,
    TYPES,
    text("return_url"),
    other("single_use"),
    choice("usage", FUTURE),
    boolean("use_stripe_sdk"),
];

pub(super) const SETUP_UPDATE: [Param; 13] = [
    ALLOWED,
    other("attach_to_self"),
    text("customer"),
    other("customer_account"),
    text("description").emptyable(),
    other("excluded_payment_method_types"),
    other("flow_directions"),
    METADATA,
    text("payment_method").emptyable(),
    other("payment_method_configuration"),
    METHOD_DATA,
    SETUP_METHOD_OPTIONS,
    TYPES,
];

pub(super) const SETUP_CONFIRM: [Param; 9] = [
    ALLOWED,
    text("client_secret"),
    other("confirmation_token"),
    MANDATE,
    text("payment_method"),
    METHOD_DATA,
    SETUP_METHOD_OPTIONS,
    text("return_url"),
    boolean("use_stripe_sdk"),
];

pub(super) const SETUP_CANCEL: [Param; 1] =
    [choice("cancellation_reason", &["abandoned", "requested_by_customer", "duplicate"])];

pub(super) const SETUP_LIST: [Param; 7] =
    [other("attach_to_self"), CREATED, text("customer"), text("payment_method"), LIMIT, AFTER, BEFORE];

/// The other kinds of payment methods, each with a parameter of its own. They are refused with their names.
pub(super) const OTHER_KINDS: [&str; 57] = [
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "alma",
    "amazon_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "billie",
    "bizum",
    "blik",
    "boleto",
    "cashapp",
    "crypto",
    "custom",
    "customer_balance",
    "eps",
    "fpx",
    "giropay",
    "grabpay",
    "ideal",
    "interac_present",
    "kakao_pay",
    "klarna",
    "konbini",
    "kr_card",
    "link",
    "mb_way",
    "mobilepay",
    "multibanco",
    "naver_pay",
    "nz_bank_account",
    "oxxo",
    "p24",
    "pay_by_bank",
    "payco",
    "paynow",
    "paypal",
    "paypay",
    "payto",
    "pix",
    "promptpay",
    "revolut_pay",
    "samsung_pay",
    "satispay",
    "scalapay",
    "sepa_debit",
    "sequra",
    "sofort",
    "sunbit",
    "swish",
    "twint",
    "upi",
    "us_bank_account",
    "wechat_pay",
    "zip",
];

pub(super) const METHOD_CREATE: [Param; 8] = [
    choice("type", &["card"]).required(),
    hash("card", &CARD),
    BILLING,
    METADATA,
    REDISPLAY,
    other("customer"),
    other("payment_method"),
    other("radar_options"),
];

pub(super) const METHOD_UPDATE: [Param; 6] = [
    BILLING,
    hash("card", &[integer("exp_month"), integer("exp_year"), other("networks")]),
    METADATA,
    REDISPLAY,
    other("payto"),
    other("us_bank_account"),
];

pub(super) const METHOD_ATTACH: [Param; 2] = [text("customer").required(), other("customer_account")];

pub(super) const METHOD_LIST: [Param; 7] =
    [REDISPLAY, text("customer"), other("customer_account"), choice("type", &["card"]), LIMIT, AFTER, BEFORE];

pub(super) const CUSTOMER_METHODS: [Param; 5] = [REDISPLAY, choice("type", &["card"]), LIMIT, AFTER, BEFORE];

const INVOICE_SETTINGS: Param = hash(
    "invoice_settings",
    &[text("default_payment_method").emptyable(), other("custom_fields"), other("footer"), other("rendering_options")],
);

pub(super) const CUSTOMER_CREATE: [Param; 22] = [
    Param::new("address", Kind::Hash(&ADDRESS)).emptyable(),
    other("balance"),
    other("business_name"),
    other("cash_balance"),
    text("description").emptyable(),
    Param::new("email", Kind::Text(512)).emptyable(),
    other("individual_name"),
    other("invoice_prefix"),
    INVOICE_SETTINGS,
    METADATA,
    Param::new("name", Kind::Text(256)).emptyable(),
    other("next_invoice_sequence"),
    text("payment_method"),
    Param::new("phone", Kind::Text(20)).emptyable(),
    Param::new("preferred_locales", Kind::Texts),
    other("shipping"),
    other("source"),
    other("tax"),
    other("tax_exempt"),
    other("tax_id_data"),
    other("test_clock"),
    other("validate"),
];

pub(super) const CUSTOMER_UPDATE: [Param; 20] = [
    Param::new("address", Kind::Hash(&ADDRESS)).emptyable(),
    other("balance"),
    other("business_name"),
    other("cash_balance"),
    other("default_source"),
    text("description").emptyable(),
    Param::new("email", Kind::Text(512)).emptyable(),
    other("individual_name"),
    other("invoice_prefix"),
    INVOICE_SETTINGS,
    METADATA,
    Param::new("name", Kind::Text(256)).emptyable(),
    other("next_invoice_sequence"),
    Param::new("phone", Kind::Text(20)).emptyable(),
    Param::new("preferred_locales", Kind::Texts),
    other("shipping"),
    other("source"),
    other("tax"),
    other("tax_exempt"),
    other("validate"),
];

pub(super) const CUSTOMER_LIST: [Param; 6] = [CREATED, text("email"), other("test_clock"), LIMIT, AFTER, BEFORE];

pub(super) const CHARGE_LIST: [Param; 7] =
    [CREATED, text("customer"), text("payment_intent"), other("transfer_group"), LIMIT, AFTER, BEFORE];

pub(super) const REFUND_CREATE: [Param; 11] = [
    integer("amount"),
    text("charge"),
    other("currency"),
    other("customer"),
    other("instructions_email"),
    METADATA,
    other("origin"),
    text("payment_intent"),
    choice("reason", &["duplicate", "fraudulent", "requested_by_customer"]),
    other("refund_application_fee"),
    other("reverse_transfer"),
];

pub(super) const REFUND_UPDATE: [Param; 1] = [METADATA];

pub(super) const REFUND_LIST: [Param; 6] = [text("charge"), CREATED, text("payment_intent"), LIMIT, AFTER, BEFORE];

pub(super) const EVENT_LIST: [Param; 7] =
    [CREATED, other("delivery_success"), text("type"), Param::new("types", Kind::Texts), LIMIT, AFTER, BEFORE];
