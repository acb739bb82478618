//! Every page is in the program that takes it over.

use leptos_router::PathSegment;

use super::*;

/// The addresses of a table of routes.
fn addresses(routes: &impl MatchNestedRoutes) -> Vec<String> {
    let text = |segment: &PathSegment| match segment {
        PathSegment::Static(text) => text.trim_matches('/').to_owned(),
        _ => "1".to_owned(),
    };
    let address = |segments: &[PathSegment]| {
        let parts = segments.iter().map(text).filter(|text| !text.is_empty());
        ["/".to_owned(), parts.collect::<Vec<_>>().join("/")].concat()
    };
    routes.generate_routes().into_iter().map(|route| address(&route.segments)).collect()
}

/// A program, the addresses of its pages, and whose they are.
type Table = (Program, Vec<String>, Vec<Option<Audience>>);

#[test]
fn every_page_is_in_the_program_that_takes_it_over() {
    let (staff, company, person) = (Audience::Administrator, Audience::Customer, Audience::Account);
    let tables: [Table; 9] = [
        (Program::SignIn, addresses(&sign_in_routes()), vec![None]),
        (Program::Administrator, addresses(&administrator_routes()), vec![Some(staff)]),
        (Program::Exchange, addresses(&exchange_routes()), vec![Some(staff)]),
        (Program::Configuration, addresses(&configuration_routes()), vec![Some(staff)]),
        (Program::Gallery, addresses(&gallery_routes()), vec![Some(staff)]),
        (Program::Company, addresses(&company_routes()), vec![Some(company)]),
        (Program::Person, addresses(&person_routes()), vec![Some(person)]),
        (Program::Calls, addresses(&calls_routes()), vec![Some(company), Some(person)]),
        (Program::Billing, addresses(&billing_routes()), vec![Some(company), Some(person)]),
    ];
    assert_eq!(tables.each_ref().map(|(program, ..)| *program), Program::ALL);
    let mut pages = std::collections::BTreeSet::new();
    for (program, addresses, whose) in tables {
        assert!(!addresses.is_empty(), "{program:?}");
        for address in addresses {
            assert!(whose.iter().all(|who| Program::of(&address, *who) == program), "{program:?} {address}");
            assert!(Program::is_page(&address), "{address}");
            pages.insert(address);
        }
    }
    let all = (sign_in_routes(), admin_routes(), gallery_routes(), self_care_routes(), profile_routes(own_frame));
    assert_eq!(pages, addresses(&all).into_iter().collect(), "and the server has no other");
}
