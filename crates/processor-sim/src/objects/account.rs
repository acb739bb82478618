//! The merchant's own account: the Account object, as its server gets it. A Standard account that may do everything.

use serde_json::{Value, json};

use super::state::State;

impl State {
    /// `GET /v1/account`.
    pub(crate) fn account_json(&self) -> Value {
        let nothing_is_wanted = json!({
            "alternatives": [],
            "current_deadline": null,
            "currently_due": [],
            "disabled_reason": null,
            "errors": [],
            "eventually_due": [],
            "past_due": [],
            "pending_verification": [],
        });
        json!({
            "id": self.account,
            "object": "account",
            "business_profile": {
                "annual_revenue": null,
                "estimated_worker_count": null,
                "mcc": null,
                "name": self.merchant,
                "product_description": null,
                "support_address": null,
                "support_email": null,
                "support_phone": null,
                "support_url": null,
                "url": null,
            },
            "business_type": "company",
            "capabilities": { "card_payments": "active", "transfers": "active" },
            "charges_enabled": true,
            "controller": { "type": "account" },
            "country": "BE",
            "default_currency": "eur",
            "details_submitted": true,
            "email": null,
            "future_requirements": nothing_is_wanted,
            "metadata": {},
            "payouts_enabled": true,
            "requirements": nothing_is_wanted,
            "settings": {
                "card_payments": {
                    "decline_on": { "avs_failure": false, "cvc_failure": false },
                    "statement_descriptor_prefix": null,
                },
                "dashboard": { "display_name": self.merchant, "timezone": "Etc/UTC" },
                "payments": { "statement_descriptor": self.merchant },
            },
            "tos_acceptance": { "date": null, "ip": null, "user_agent": null },
            "type": "standard",
        })
    }
}
