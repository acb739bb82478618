//! A customer's public numbers: the list, and below the same address (`?number=`) a new one, or one to take away.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use tandem_domain::{access::Field, ids::CustomerId};

use super::head::{WHAT, customer_frame, load_head};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    pages::errors::error_page,
    parts::{
        address::{address_id, parse_id},
        public_numbers::{PublicNumberList, new_number_form, remove_number_card},
    },
    ui::{ListPage, list_args},
};

/// What `?number=` says for one that is not there yet.
const NEW: &str = "new";

/// The tab.
#[component]
pub fn CustomerNumbersPage() -> impl IntoView {
    let id = address_id();
    match parse_id::<CustomerId>(WHAT, &untrack(id)) {
        Ok(customer) => tab(customer),
        Err(error) => error_page(&error),
    }
}

fn tab(customer: CustomerId) -> AnyView {
    let (head, args, query) = (load_head(), list_args(), use_query_map());
    let listing = load(move || Ok(PublicNumberList { customer, args: args.get() }));
    let list = StoredValue::new(format!("/admin/customers/{customer}/numbers"));
    loaded(head, move |head| {
        let content = move || {
            let number = query.read().get("number").unwrap_or_default();
            let may = me().modifies(Field::PublicNumbers);
            match number.as_str() {
                "" => {
                    let new = may.then(|| (format!("{}?number={NEW}", list.get_value()), "Add number".to_owned()));
                    view! {
                        <ListPage
                            listing=listing
                            args=args
                            noun=("number", "numbers")
                            new=new
                            empty=("No public numbers yet", "Add one for each number that the world dials to reach this customer.")
                            search_in="number"
                            seen_by=&[Field::PublicNumbers]
                        />
                    }
                    .into_any()
                }
                _ if !may => error_page(&AppError::forbidden(Field::PublicNumbers)),
                NEW => new_number_form(customer, list.get_value()),
                digits => view! {
                    <div class="stack">
                        <p><a href=list.get_value()>"All public numbers"</a></p>
                        {remove_number_card(customer, format!("+{digits}"))}
                    </div>
                }
                .into_any(),
            }
        };
        customer_frame(&head, content.into_any())
    })
}
