//! Which calls are there, and what does each take?

use super::{params::Param, takes::*};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    AccountRetrieve,
    BalanceRetrieve,
    ChargeList,
    ChargeRetrieve,
    CustomerCreate,
    CustomerDelete,
    CustomerList,
    CustomerMethods,
    CustomerMethod,
    CustomerRetrieve,
    CustomerUpdate,
    EventList,
    EventRetrieve,
    IntentCancel,
    IntentConfirm,
    IntentCreate,
    IntentList,
    IntentRetrieve,
    IntentUpdate,
    MethodAttach,
    MethodCreate,
    MethodDetach,
    MethodList,
    MethodRetrieve,
    MethodUpdate,
    RefundCreate,
    RefundList,
    RefundRetrieve,
    RefundUpdate,
    SetupCancel,
    SetupConfirm,
    SetupCreate,
    SetupList,
    SetupRetrieve,
    SetupUpdate,
}

impl Call {
    /// The call at a path below `/v1/`, with the ids in it.
    pub(crate) fn find<'a>(method: &str, path: &[&'a str]) -> Option<(Self, &'a str, &'a str)> {
        let (get, post, delete) = (method == "GET", method == "POST", method == "DELETE");
        let one = |call| Some((call, "", ""));
        match path {
            ["account"] if get => one(Self::AccountRetrieve),
            ["balance"] if get => one(Self::BalanceRetrieve),
            ["charges"] if get => one(Self::ChargeList),
            ["charges", id] if get => Some((Self::ChargeRetrieve, id, "")),
            ["customers"] if get => one(Self::CustomerList),
            ["customers"] if post => one(Self::CustomerCreate),
            ["customers", id] if get => Some((Self::CustomerRetrieve, id, "")),
            ["customers", id] if post => Some((Self::CustomerUpdate, id, "")),
            ["customers", id] if delete => Some((Self::CustomerDelete, id, "")),
            ["customers", id, "payment_methods"] if get => Some((Self::CustomerMethods, id, "")),
            ["customers", id, "payment_methods", method] if get => Some((Self::CustomerMethod, id, method)),
            ["events"] if get => one(Self::EventList),
            ["events", id] if get => Some((Self::EventRetrieve, id, "")),
            ["payment_intents"] if get => one(Self::IntentList),
            ["payment_intents"] if post => one(Self::IntentCreate),
            ["payment_intents", id] if get => Some((Self::IntentRetrieve, id, "")),
            ["payment_intents", id] if post => Some((Self::IntentUpdate, id, "")),
            ["payment_intents", id, "confirm"] if post => Some((Self::IntentConfirm, id, "")),
            ["payment_intents", id, "cancel"] if post => Some((Self::IntentCancel, id, "")),
            ["payment_methods"] if get => one(Self::MethodList),
            ["payment_methods"] if post => one(Self::MethodCreate),
            ["payment_methods", id] if get => Some((Self::MethodRetrieve, id, "")),
            ["payment_methods", id] if post => Some((Self::MethodUpdate, id, "")),
            ["payment_methods", id, "attach"] if post => Some((Self::MethodAttach, id, "")),
            ["payment_methods", id, "detach"] if post => Some((Self::MethodDetach, id, "")),
            ["refunds"] if get => one(Self::RefundList),
            ["refunds"] if post => one(Self::RefundCreate),
            ["refunds", id] if get => Some((Self::RefundRetrieve, id, "")),
            ["refunds", id] if post => Some((Self::RefundUpdate, id, "")),
            ["setup_intents"] if get => one(Self::SetupList),
            ["setup_intents"] if post => one(Self::SetupCreate),
            ["setup_intents", id] if get => Some((Self::SetupRetrieve, id, "")),
            ["setup_intents", id] if post => Some((Self::SetupUpdate, id, "")),
            ["setup_intents", id, "confirm"] if post => Some((Self::SetupConfirm, id, "")),
            ["setup_intents", id, "cancel"] if post => Some((Self::SetupCancel, id, "")),
            _ => None,
        }
    }

    /// Whether a browser may ask for it, with the publishable key.
    pub(crate) const fn publishable(self) -> bool {
        matches!(
            self,
            Self::IntentRetrieve | Self::IntentConfirm | Self::SetupRetrieve | Self::SetupConfirm | Self::MethodCreate
        )
    }

    /// What it takes. `expand` is taken by all and `key` by those of a browser; neither is in these tables.
    pub(crate) const fn params(self) -> &'static [Param] {
        match self {
            Self::AccountRetrieve
            | Self::BalanceRetrieve
            | Self::ChargeRetrieve
            | Self::CustomerDelete
            | Self::CustomerMethod
            | Self::CustomerRetrieve
            | Self::EventRetrieve
            | Self::MethodDetach
            | Self::MethodRetrieve
            | Self::RefundRetrieve => &[],
            Self::ChargeList => &CHARGE_LIST,
            Self::CustomerCreate => &CUSTOMER_CREATE,
            Self::CustomerList => &CUSTOMER_LIST,
            Self::CustomerMethods => &CUSTOMER_METHODS,
            Self::CustomerUpdate => &CUSTOMER_UPDATE,
            Self::EventList => &EVENT_LIST,
            Self::IntentCancel => &INTENT_CANCEL,
            Self::IntentConfirm => &INTENT_CONFIRM,
            Self::IntentCreate => &INTENT_CREATE,
            Self::IntentList => &CUSTOMERS_LIST,
            Self::IntentRetrieve | Self::SetupRetrieve => &RETRIEVE,
            Self::IntentUpdate => &INTENT_UPDATE,
            Self::MethodAttach => &METHOD_ATTACH,
            Self::MethodCreate => &METHOD_CREATE,
            Self::MethodList => &METHOD_LIST,
            Self::MethodUpdate => &METHOD_UPDATE,
            Self::RefundCreate => &REFUND_CREATE,
            Self::RefundList => &REFUND_LIST,
            Self::RefundUpdate => &REFUND_UPDATE,
            Self::SetupCancel => &SETUP_CANCEL,
            Self::SetupConfirm => &SETUP_CONFIRM,
            Self::SetupCreate => &SETUP_CREATE,
            Self::SetupList => &SETUP_LIST,
            Self::SetupUpdate => &SETUP_UPDATE,
        }
    }
}
