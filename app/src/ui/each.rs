//! Lists: those whose rows stay while their keys do, and those that are made anew.
//!
//! Lists of either kind are of one type, so that the framework's code for it is in the browser's programs once and not for each
//! kind of row.

use leptos::prelude::*;

/// A row that is yet to be shown.
struct Row {
    key: u128,
    show: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A row for each item. A row is made when its key comes, moves with it, and is gone with it; what changes meanwhile it has to
/// follow itself.
pub(crate) fn each<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + 'static,
    key: fn(&T) -> u128,
    row: impl Fn(T) -> AnyView + Clone + Send + 'static,
) -> AnyView {
    let later = move |item: T| {
        let (key, row) = (key(&item), row.clone());
        Row { key, show: Box::new(move || row(item)) }
    };
    rows(Box::new(move || items().into_iter().map(&later).collect()))
}

fn rows(rows: Box<dyn Fn() -> Vec<Row> + Send>) -> AnyView {
    view! { <For each=rows key=|row: &Row| row.key let:row>{(row.show)()}</For> }.into_any()
}

/// What lists are made of.
pub(crate) trait CollectAny: IntoIterator<Item = AnyView> {
    /// The views one after the other.
    fn collect_any(self) -> AnyView;
}

impl<Views: IntoIterator<Item = AnyView>> CollectAny for Views {
    fn collect_any(self) -> AnyView {
        self.into_iter().collect::<Vec<_>>().into_any()
    }
}
