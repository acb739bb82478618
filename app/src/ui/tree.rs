//! A tree of settings: branches that open and close, and rows with a control each.

use leptos::prelude::*;

/// A branch. It opens and closes without WebAssembly.
#[component]
pub fn TreeBranch(
    /// What is below it.
    #[prop(into)]
    label: String,
    /// How it stands with the whole branch, shown beside the label.
    #[prop(into)]
    state: ViewFn,
    /// It is not there.
    #[prop(optional, into)]
    hidden: Signal<bool>,
    /// Opened at first.
    #[prop(optional)]
    open: bool,
    /// Branches and rows.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="tree-branch" open=open hidden=move || hidden.get()>
            <summary>
                <span class="tree-label">{label}</span>
                <span class="tree-state">{move || state.run()}</span>
            </summary>
            <div class="tree-below">{children()}</div>
        </details>
    }
}

/// A row of the tree: a name, how it stands with it, and the control.
#[component]
pub fn TreeRow(
    /// What is set.
    #[prop(into)]
    label: String,
    /// The control's id.
    #[prop(into)]
    for_id: String,
    /// How it stands with it.
    #[prop(into)]
    state: ViewFn,
    /// It is not there.
    #[prop(optional, into)]
    hidden: Signal<bool>,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="tree-row" hidden=move || hidden.get()>
            <label class="tree-label" for=for_id>{label}</label>
            <span class="tree-state">{move || state.run()}</span>
            {children()}
        </div>
    }
}
