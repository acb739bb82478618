//! The cards of an administrator's page.

use leptos::{prelude::*, server_fn::ServerFn};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::Version,
    sign_in::{PASSWORD_ADVICE, password_help},
};

use super::{AdministratorActive, AdministratorPassword, AdministratorRecord};
use crate::ui::{Button, Card, ConfirmButton, PasswordField, PostForm, SelectField, TextField};

/// Who it is.
pub(super) fn person(name: &str, email: &str) -> AnyView {
    view! {
        <TextField name="name" label="Name" value=name rule=Rule::Name field=Field::Administrators required=true width="medium" />
        <TextField name="email" label="E-mail" value=email kind="email" rule=Rule::OptionalEmail field=Field::Administrators width="medium" />
    }
    .into_any()
}

/// How the person signs in, and with which role.
pub(super) fn sign_in(name: &str, role: &str, roles: Vec<(String, String)>) -> AnyView {
    view! {
        <TextField
            name="sign_in"
            label="Sign-in name"
            value=name
            help="Upper and lower case are the same."
            rule=Rule::SignInName
            field=Field::Administrators
            required=true
            width="medium"
        />
        <SelectField
            name="role"
            label="Access role"
            value=role
            options=roles
            help="What this person may see and change."
            field=Field::Administrators
            width="medium"
        />
    }
    .into_any()
}

/// Another password.
pub(super) fn password_card(id: &str, version: Version, own: bool) -> AnyView {
    if own {
        return view! {
            <Card title="Password">
                <p>"You change your own password in " <a href="/profile">"your profile"</a> "."</p>
            </Card>
        }
        .into_any();
    }
    let fields = vec![("id", id.to_owned()), ("version", version.0.to_string())];
    view! {
        <Card title="Password" description="Whoever is signed in with the present password is signed out.">
            <PostForm to=AdministratorPassword::PATH fields=fields class="form">
                <PasswordField
                    name="password"
                    label="New password"
                    help=password_help(PASSWORD_ADVICE)
                    autocomplete="new-password"
                    rule=Rule::Password
                    required=true
                    width="medium"
                />
                <div class="actions">
                    <Button label="Set password" />
                </div>
            </PostForm>
        </Card>
    }
    .into_any()
}

/// Deactivation, and the way back.
pub(super) fn state_card(record: &AdministratorRecord) -> AnyView {
    let fields = |active: &str| {
        vec![("id", record.id.to_string()), ("version", record.version.0.to_string()), ("active", active.to_owned())]
    };
    let content = if record.own {
        view! { <p>"You cannot deactivate yourself; ask another administrator."</p> }.into_any()
    } else if record.active {
        let (fields, title) = (fields("off"), format!("Deactivate {}?", record.name));
        view! {
            <PostForm to=AdministratorActive::PATH fields=fields>
                <ConfirmButton
                    label="Deactivate"
                    title=title
                    text="This person is signed out and cannot sign in any more. What they did stays in the audit log."
                    confirm="Deactivate"
                    danger=true
                />
            </PostForm>
        }
        .into_any()
    } else {
        let fields = fields("on");
        view! {
            <PostForm to=AdministratorActive::PATH fields=fields>
                <Button label="Activate" />
            </PostForm>
        }
        .into_any()
    };
    view! { <Card title="State">{content}</Card> }.into_any()
}
