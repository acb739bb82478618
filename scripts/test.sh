#!/usr/bin/env bash
# make test: every check there is. The first that fails ends it.
source "$(dirname "$0")/setup.sh"
source scripts/postgresql.sh

logs=target/test-logs
mkdir -p "$logs"
export CARGO_TERM_PROGRESS_WHEN=never

# step NAME COMMAND…: runs the command, keeps what it says in a file, and ends the script when it fails. (A function run
# this way is not ended by a failing line: join its lines with "&&".)
step() {
    local name=$1 started=$SECONDS
    shift
    say "$name"
    if ! "$@" 2>&1 </dev/null | tee "$logs/$name.log"; then
        say "FAILED: $name (its output is in $logs/$name.log)"
        exit 1
    fi
    say "$name: passed in $((SECONDS - started)) s"
}

# The frontend is another compilation of the application, for another machine: together with the server it would mix the
# features of both. The build helper has dependencies of its own, whose features would make the server's compile twice.
server_side=(--workspace --exclude tandem-frontend --exclude xtask)

lints_server() { cargo clippy "${server_side[@]}" --all-targets -- --deny warnings; }
lints_browser() { cargo clippy --package tandem-frontend --target wasm32-unknown-unknown -- --deny warnings; }
lints_helper() { cargo clippy --package xtask --all-targets -- --deny warnings; }

tests_rust() {
    if cargo nextest --version >/dev/null 2>&1; then
        # Most of the time they wait for sound.
        cargo nextest run "${server_side[@]}" --no-fail-fast --test-threads "$((2 * $(nproc)))"
    else
        cargo test "${server_side[@]}" --no-fail-fast
    fi
}

# Those who read it work on the house: private items are in it, and linked.
documentation() {
    RUSTDOCFLAGS="--deny warnings --allow rustdoc::private_intra_doc_links" cargo doc "${server_side[@]}" --no-deps --document-private-items
}

tests_browser() {
    # The files as they are released, under the program that the tests above have just built.
    cargo build --package tandem-phones --example phone &&
        npm --prefix end2end ci --no-progress &&
        TANDEM_HTTP_SITE="$PWD/target/site-release" npm --prefix end2end test
}

say "set-up"
need_rust
need_rust_source
need_rust_checkers
need_node
need_postgresql
need_phones
need_scanner
need_mail_server
need_chromium
need_headless_chromium
cargo nextest --version >/dev/null 2>&1 || say "cargo-nextest is not installed: cargo test runs the tests instead"

step format cargo fmt --all --check
step lints-server lints_server
step lints-browser lints_browser
step lints-helper lints_helper
say "PostgreSQL for the tests"
start_postgresql
step tests-rust tests_rust
step tests-helper cargo test --package xtask
step documentation documentation
step browser-files-and-their-size cargo xtask size
step tests-browser tests_browser

say "all checks passed in $SECONDS s; the closing lines of the test runners:"
grep -hE '^ *Summary |^test result: ' "$logs/tests-rust.log" "$logs/tests-helper.log" | tail -n 40
grep '^browser tests: ' "$logs/tests-browser.log"
