//! Coming in, going out, one's own profile and password.

use super::{nothing, pairs};
use crate::{
    walk::Row,
    world::{NEW_PASSWORD, PASSWORD},
};

pub const SIGN_IN: &[Row] = &[
    // Whoever is signed in may sign in as somebody else.
    Row::signs(
        "sign_in",
        |_| pairs(&[("name", "olivia"), ("password", PASSWORD), ("next", "/self-care")]),
        [200, 200, 200, 200, 200, 200, 200],
    ),
    // To end a session that has ended already is no fault.
    Row::signs("sign_out", nothing, [200, 200, 200, 200, 200, 200, 200]),
    // Everybody has a profile page; only accounts have a record that they change there themselves.
    Row::reads("profile_read", nothing, [401, 200, 200, 200, 200, 200, 200]),
    Row::writes(
        "profile_save",
        |demo| {
            let version = demo.version("account", "abc744");
            [("version", version)].into_iter().chain(pairs(&[("email", "at.home@abc.example")])).collect()
        },
        [401, 404, 404, 404, 404, 200, 200],
    ),
    // How dates are shown is a choice of one's own for the staff; for self-care it is the company's.
    Row::writes(
        "own_locale_save",
        |demo| {
            let version = demo.version("administrator", "Administrator");
            [("version", version)]
                .into_iter()
                .chain(pairs(&[("locale", "en-US"), ("time_zone", "America/New_York")]))
                .collect()
        },
        [401, 200, 200, 404, 404, 404, 404],
    ),
    Row::writes(
        "password_change",
        |_| pairs(&[("current_password", PASSWORD), ("new_password", NEW_PASSWORD), ("repeat_password", NEW_PASSWORD)]),
        [401, 200, 200, 200, 200, 200, 200],
    ),
];
