//! How dates and numbers are shown, and in which time zone: the fields of whoever has such a choice.

use leptos::prelude::*;
use tandem_domain::{access::Field, field::Rule, locale::Locale};

use crate::ui::{SelectField, TextField};

/// The fields `locale` and `time_zone`; `field` is the permission for both, `help` says to whom the choice applies.
pub fn locale_fields(locale: String, time_zone: String, field: Option<Field>, help: &'static str) -> AnyView {
    let locales = Locale::ALL.map(|locale| (locale.tag().to_owned(), locale.label().to_owned())).to_vec();
    view! {
        <SelectField name="locale" label="Dates and numbers" value=locale options=locales help=help field=field width="medium" />
        <TextField
            name="time_zone"
            label="Time zone"
            value=time_zone
            help="A name of the IANA database, such as Europe/Brussels."
            rule=Rule::TimeZone
            field=field
            required=true
            width="medium"
        />
    }
    .into_any()
}
