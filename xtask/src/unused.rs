//! Taking out of the WebAssembly what Leptos compiles into it and Tandem never calls.
//!
//! Every kind of view carries a function that takes it over asynchronously, for routes that are loaded when they are needed
//! (`hydrate_lazy`). Each of Tandem's programs has all its routes and takes the page over at once (`hydrate_body`), so these functions
//! are dead; but the table of the view points to them, and no optimiser can know. Each becomes one instruction that traps, and
//! the optimiser then finds what only they used: 13 of 431 KiB. The browser tests run with what is left.

use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

use crate::error::{Error, Result};

/// What the names of such functions hold. Not the names of all that is asynchronous: functions whose code happens to be the
/// same become one function under one of their names, and the small ones are the same as others that are called. So are the
/// functions that drop ([`DROPS`]), which are left alone.
const NEVER_CALLED: &str = "IntoAny>::into_any::hydrate_async";

/// What the names of functions that drop hold.
const DROPS: &str = "drop_in_place";

/// Empties these functions in a module that still has its names.
pub fn empty(module: &mut Module) -> Result<()> {
    let is_dead = |name: &String| name.contains(NEVER_CALLED) && !name.contains(DROPS);
    let dead = |name: &Option<String>| name.as_ref().is_some_and(is_dead);
    let functions: Vec<FunctionId> =
        module.funcs.iter_local().map(|(id, _)| id).filter(|id| dead(&module.funcs.get(*id).name)).collect();
    if functions.is_empty() {
        return Err(Error::Unused(format!("none is named {NEVER_CALLED:?}; what are they called now?")));
    }
    for id in functions {
        empty_one(module, id);
    }
    Ok(())
}

fn empty_one(module: &mut Module, id: FunctionId) {
    let kind = module.types.get(module.funcs.get(id).ty());
    let (takes, gives) = (kind.params().to_vec(), kind.results().to_vec());
    let arguments = takes.iter().map(|value| module.locals.add(*value)).collect();
    let mut trap = FunctionBuilder::new(&mut module.types, &takes, &gives);
    trap.func_body().unreachable();
    module.funcs.get_mut(id).kind = FunctionKind::Local(trap.local_func(arguments));
}
