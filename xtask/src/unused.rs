//! Taking out of the WebAssembly what Leptos compiles into it and Tandem never calls.
//!
//! Every kind of view and of attribute carries a table of functions, of which Tandem never calls some; but the table points to
//! them, and no optimiser can know. Each becomes one instruction that traps, and the optimiser then finds what only they used:
//! 13 of 431 KiB with Brotli for what takes views over asynchronously, 45 of 1,197 KB of code for the others. The browser
//! tests run with what is left.

use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

use crate::{
    error::{AtPath, Error, Result},
    workspace,
};

/// What the names of such functions hold. The compiler must not have merged functions whose code happens to be the same
/// ([`browser_code`](crate::browser_code)): the name would be that of any of them. Functions that drop ([`DROPS`]) are left
/// alone: what is never called is dropped all the same, with the view that it would have worked on.
const NEVER_CALLED: [&str; 4] = [
    // Takes a view over asynchronously, for routes that are loaded when they are needed. Each of Tandem's programs has all its
    // routes and takes the page over at once (`hydrate_body`).
    "hydrate_async",
    // Of templates, which the nightly compiler makes.
    "into_any_attr::hydrate_from_template",
    // All attributes are erased, and a list of erased ones is made anew, never changed one by one (`Vec<AnyAttribute>`).
    "into_any_attr::rebuild",
    // Tells the server which routes there are.
    "into_any_nested_route::generate_routes",
];

/// What the names of functions that drop hold.
const DROPS: &str = "drop_in_place";

/// The versions whose sources were looked through for calls of these functions. A new one that calls one of them would trap.
const LOOKED_THROUGH: [(&str, &str); 3] = [("leptos", "0.8.23"), ("leptos_router", "0.8.17"), ("tachys", "0.2.19")];

/// Empties these functions in a module that still has its names.
pub fn empty(module: &mut Module) -> Result<()> {
    check_versions()?;
    for never in NEVER_CALLED {
        let is_dead = |name: &String| name.contains(never) && !name.contains(DROPS);
        let dead = |name: &Option<String>| name.as_ref().is_some_and(is_dead);
        let functions: Vec<FunctionId> =
            module.funcs.iter_local().map(|(id, _)| id).filter(|id| dead(&module.funcs.get(*id).name)).collect();
        if functions.is_empty() {
            return Err(Error::Unused(format!("none is named {never}; what are they called now?")));
        }
        for id in functions {
            empty_one(module, id);
        }
    }
    Ok(())
}

fn check_versions() -> Result<()> {
    let lock = workspace::path("Cargo.lock");
    let locked = std::fs::read_to_string(&lock).at(&lock)?;
    for (name, version) in LOOKED_THROUGH {
        if !locked.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")) {
            let what = format!("{name} is not {version} any more; see whether it still never calls {NEVER_CALLED:?}");
            return Err(Error::Unused(what));
        }
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
