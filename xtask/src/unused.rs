//! Taking out of the WebAssembly what Leptos compiles into it and Tandem never calls.
//!
//! Every kind of view carries a function that takes it over asynchronously, for routes that are loaded when they are needed
//! (`hydrate_lazy`). Tandem's first file has all routes and takes the page over at once (`hydrate_body`), so these functions
//! are dead; but the table of the view points to them, and no optimiser can know. Each becomes one instruction that traps, and
//! the optimiser then finds what only they used: 21 of 430 KiB. The browser tests run with what is left.

use std::path::Path;

use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

use crate::error::{Error, Result};

/// What the names of such functions hold: `<T as tachys::view::any_view::IntoAny>::into_any::hydrate_async` and the like.
const NEVER_CALLED: &str = "hydrate_async";

/// Empties these functions in a file that still has its names.
pub fn empty(wasm: &Path) -> Result<()> {
    let fault = |error: anyhow::Error| Error::Unused(format!("{error:#}"));
    let mut module = Module::from_file(wasm).map_err(fault)?;
    let functions: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    for id in functions {
        if module.funcs.get(id).name.as_ref().is_some_and(|name| name.contains(NEVER_CALLED)) {
            empty_one(&mut module, id);
        }
    }
    module.emit_wasm_file(wasm).map_err(fault)
}

fn empty_one(module: &mut Module, id: FunctionId) {
    let kind = module.types.get(module.funcs.get(id).ty());
    let (takes, gives) = (kind.params().to_vec(), kind.results().to_vec());
    let arguments = takes.iter().map(|value| module.locals.add(*value)).collect();
    let mut trap = FunctionBuilder::new(&mut module.types, &takes, &gives);
    trap.func_body().unreachable();
    module.funcs.get_mut(id).kind = FunctionKind::Local(trap.local_func(arguments));
}
