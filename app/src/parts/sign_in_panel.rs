//! How a customer or an account gets in: the self-care sign-in with its password, and an account's SIP phone.
//!
//! Passwords are never shown again. A SIP password is suggested by the server before it is set: that is the one time it is
//! seen, so that the provisioning of a phone needs no secret in a message or a session.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, CustomerId, Version},
};

use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    parts::owner::Owner,
    post::{Done, Typed},
    ui::{Button, Card, ConfirmButton, DescriptionList, EditForm, FieldSet, Kind, Notice, PasswordField, PostForm, SelectField, TextField},
};

/// What the panel of the self-care sign-in shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInView {
    /// Whose sign-in.
    pub owner: Owner,
    /// The record's version.
    pub version: Version,
    /// What the customer or account is called.
    pub name: String,
    /// The sign-in name; empty: cannot sign in.
    pub sign_in: String,
    /// The role's id; customers only, an account's stands among its general data.
    pub role: String,
    /// The roles to choose from: id and name; empty for accounts.
    pub roles: Vec<(String, String)>,
}

/// What the panel of the SIP phone shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipView {
    /// Whose phone.
    pub owner: Owner,
    /// The user that the phone registers as: the customer's prefix and the extension.
    pub user: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// A password that could be set, made for this page; empty when the reader may not set one.
    pub suggestion: String,
}

/// The permission for the self-care sign-in of a customer or an account.
const fn permission(owner: Owner) -> Field {
    if owner.account.is_some() { Field::AccountSignIn } else { Field::CustomerSignIn }
}

/// Gives a customer or an account a sign-in, or changes it. An empty password keeps the present one.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; no permission.
#[server(endpoint = "sign_in_save")]
pub async fn save_sign_in(
    customer: CustomerId,
    #[server(default)] account: Option<AccountId>,
    version: Version,
    #[server(default)] sign_in: Typed,
    #[server(default)] password: Typed,
    #[server(default)] role: Typed,
) -> Result<Done, AppError> {
    todo!()
}

/// Takes a sign-in away; its sessions end.
///
/// # Errors
/// No permission.
#[server(endpoint = "sign_in_remove")]
pub async fn remove_sign_in(customer: CustomerId, #[server(default)] account: Option<AccountId>) -> Result<Done, AppError> {
    todo!()
}

/// Sets the password that an account's phones register with.
///
/// # Errors
/// The password is too short; no permission.
#[server(endpoint = "sip_password_set")]
pub async fn set_sip_password(customer: CustomerId, account: AccountId, #[server(default)] sip_secret: Typed) -> Result<Done, AppError> {
    todo!()
}

/// The self-care sign-in: name, new password, role, and taking it away.
pub fn sign_in_panel(view: SignInView) -> AnyView {
    let field = permission(view.owner);
    let has_sign_in = !view.sign_in.is_empty();
    let (label, help) = if has_sign_in {
        ("New password", "Leave it empty to keep the present one. A new one ends all sessions.")
    } else {
        ("Password", "At least 10 characters; a few words are easy to remember.")
    };
    let roles = (!view.roles.is_empty()).then(|| {
        view! {
            <SelectField name="role" label="Access role" value=view.role options=view.roles field=field
                help="What this sign-in may see and change in self-care." />
        }
    });
    let name = view.name.clone();
    let remove = (has_sign_in && me().modifies(field)).then(|| {
        view! {
            <PostForm to=RemoveSignIn::PATH fields=view.owner.fields()>
                <ConfirmButton
                    label="Remove the sign-in"
                    title=format!("Remove the sign-in of {name}?")
                    text="Whoever is signed in with it is signed out at once. It can be made anew later."
                    confirm="Remove"
                    danger=true
                />
            </PostForm>
        }
    });
    let text = if has_sign_in { String::new() } else { format!("{} cannot sign in to self-care yet. Choose a name and a password.", view.name) };
    view! {
        {(!has_sign_in).then(|| view! { <Notice tone=Tone::Info text=text /> })}
        <EditForm to=SaveSignIn::PATH version=view.version fields=view.owner.fields() editable=me().modifies(field)>
            <FieldSet legend="Self-care sign-in">
                <TextField name="sign_in" label="Sign-in name" value=view.sign_in field=field rule=Rule::SignInName required=true
                    help="Unique over all customers and accounts; upper and lower case are the same." />
                <PasswordField name="password" label=label help=help field=field autocomplete="new-password" />
                {roles}
            </FieldSet>
        </EditForm>
        {remove}
    }
    .into_any()
}

/// The SIP phone: what it registers as, and setting its password.
pub fn sip_panel(view: SipView) -> AnyView {
    let SipView { owner, user, has_password, suggestion } = view;
    let facts = vec![
        ("SIP user".to_owned(), user.clone()),
        ("SIP password".to_owned(), if has_password { "Set" } else { "Not set: no phone can register" }.to_owned()),
    ];
    let forms = (!suggestion.is_empty() && me().modifies(Field::SipPassword)).then(|| sip_forms(owner, user, suggestion));
    view! {
        <Card title="SIP phone" description="What a desk phone or a softphone needs to register.">
            <DescriptionList items=facts />
            {forms}
        </Card>
    }
    .into_any()
}

fn sip_forms(owner: Owner, user: String, suggestion: String) -> AnyView {
    let now_set = RwSignal::new(false);
    let offered = StoredValue::new((user, suggestion));
    let offer = move || {
        let (user, suggestion) = offered.get_value();
        if now_set.get() {
            let text = format!("The password of {user} is now {suggestion}. Copy it into the phone: when you leave this page nobody can see it again.");
            return view! { <Notice tone=Tone::Good text=text /> }.into_any();
        }
        let mut fields = owner.fields();
        fields.push(("sip_secret", suggestion.clone()));
        view! {
            <PostForm to=SetSipPassword::PATH fields=fields class="form" quiet=true on_done=Callback::new(move |_| now_set.set(true))>
                <p>"A password made by chance: " <code>{suggestion}</code></p>
                <p>"Copy it into the phone first. Once it is set nobody can see it again, and a phone with another password is turned away."</p>
                <div class="actions"><Button label="Set this password" kind=Kind::Primary /></div>
            </PostForm>
        }
        .into_any()
    };
    view! {
        {offer}
        <PostForm to=SetSipPassword::PATH fields=owner.fields() class="form">
            <PasswordField name="sip_secret" label="Or choose a SIP password" autocomplete="new-password" rule=Rule::Password
                required=true width="medium" />
            <div class="actions"><Button label="Set my choice" /></div>
        </PostForm>
    }
    .into_any()
}
