//! The bank that asks its customer: what was asked, what was answered, and where the customer goes then.

use serde::{Deserialize, Serialize};

use crate::objects::{
    intent::{Action, Status},
    state::State,
};

/// The password that is right. The page says so: it stands for a message to a telephone.
pub(crate) const PASSWORD: &str = "123456";
/// How often a password may be tried.
pub(crate) const TRIES: u32 = 3;

/// A question to the customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Challenge {
    /// The PaymentIntent or SetupIntent it is about.
    pub(crate) intent: String,
    /// Where the customer comes back to; `None` if the page is shown over the merchant's.
    pub(crate) return_url: Option<String>,
    /// How many passwords may still be tried.
    pub(crate) tries: u32,
}

impl State {
    /// A new question about an intent.
    pub(crate) fn challenge(&mut self, intent: &str, return_url: Option<String>) -> String {
        let token = self.ids.make("acs_");
        self.challenges.put(&token, Challenge { intent: intent.to_owned(), return_url, tries: TRIES });
        token
    }

    /// What an intent waits for.
    pub(crate) fn action_of(&self, intent: &str) -> Option<&Action> {
        match self.intents.get(intent) {
            Some(intent) => intent.action.as_ref(),
            None => self.setups.get(intent)?.action.as_ref(),
        }
    }

    /// Whether a question still waits for its answer.
    pub(crate) fn waits(&self, token: &str) -> bool {
        let challenge = self.challenges.get(token);
        challenge.and_then(|challenge| self.action_of(&challenge.intent)).is_some_and(|action| action.token == token)
    }

    /// The customer's answer. `false` if nobody waits for it.
    pub(crate) fn decide(&mut self, token: &str, succeeded: bool) -> bool {
        let Some(intent) = self.challenges.get(token).map(|challenge| challenge.intent.clone()) else { return false };
        if intent.starts_with("seti_") {
            self.setup_authenticated(&intent, token, succeeded)
        } else {
            self.authenticated(&intent, token, succeeded)
        }
    }

    /// A password was wrong. `true` once it was the last that may be tried.
    pub(crate) fn wrong_password(&mut self, token: &str) -> bool {
        let Some(challenge) = self.challenges.get_mut(token) else { return true };
        challenge.tries = challenge.tries.saturating_sub(1);
        challenge.tries == 0
    }

    /// Where the customer goes from the bank's page, with what Stripe adds: the intent, its client secret, and a status
    /// that is a hint and no proof. Who went back without an answer, or has to wait, comes with `pending`.
    pub(crate) fn way_back(&self, token: &str) -> Option<String> {
        let challenge = self.challenges.get(token)?;
        let url = challenge.return_url.as_deref()?;
        let (kind, secret, status) = match self.intents.get(&challenge.intent) {
            Some(intent) => ("payment_intent", &intent.secret, intent.status),
            None => {
                let setup = self.setups.get(&challenge.intent)?;
                ("setup_intent", &setup.secret, setup.status)
            }
        };
        let status = match status {
            Status::Succeeded => "succeeded",
            Status::RequiresPaymentMethod | Status::Canceled => "failed",
            Status::RequiresConfirmation | Status::RequiresAction | Status::Processing => "pending",
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(kind, &challenge.intent)
            .append_pair(&format!("{kind}_client_secret"), secret)
            .append_pair("redirect_status", status)
            .finish();
        let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
        let join = if url.contains('?') { '&' } else { '?' };
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        Some(format!("{url}{join}{query}{fragment}"))
    }
}
