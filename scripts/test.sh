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

# What only computes is done beside tests that mostly wait, by processors that have nothing else to do: such a process is
# put aside as soon as any other wants to go on. One at a time.
beside=
beside_process=

# step_beside NAME COMMAND…: begins the command, whose output goes to its file alone.
step_beside() {
    beside=$1
    shift
    say "$beside (beside what follows; its output goes to $logs/$beside.log)"
    # A process group of its own, so that it can be ended with all that it began.
    set -m
    (
        chrt --idle --pid 0 "$BASHPID" 2>/dev/null || renice -n 19 -p "$BASHPID" >/dev/null 2>&1 || true
        SECONDS=0
        "$@" && echo "passed in $SECONDS s, beside others"
    ) >"$logs/$beside.log" 2>&1 </dev/null &
    beside_process=$!
    set +m
}

# Waits for what was begun beside; ends the script when it failed.
step_beside_end() {
    local process=$beside_process
    beside_process=
    if ! wait "$process"; then
        cat "$logs/$beside.log"
        say "FAILED: $beside (its output is in $logs/$beside.log)"
        exit 1
    fi
    tail -n 30 "$logs/$beside.log"
    say "$beside: passed"
}

# At the end, however it comes.
put_away() {
    if [ -n "$beside_process" ]; then
        kill -- "-$beside_process" 2>/dev/null || true
        wait "$beside_process" 2>/dev/null || true
    fi
    stop_postgresql
}

# The frontend is another compilation of the application, for another machine: together with the server it would mix the
# features of both. The build helper has dependencies of its own, whose features would make the server's compile twice.
server_side=(--workspace --exclude tandem-frontend --exclude xtask)

lints_server() { cargo clippy "${server_side[@]}" --all-targets -- --deny warnings; }
lints_browser() { cargo clippy --package tandem-frontend --target wasm32-unknown-unknown -- --deny warnings; }
lints_helper() { cargo clippy --package xtask --all-targets -- --deny warnings; }
tests_helper() { cargo test --package xtask; }

# With the helper, so that nobody waits for the lock of the folder that both are built in.
tests_rust_built() { cargo test "${server_side[@]}" --no-run && cargo build --package xtask; }

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

the_rest() { lints_browser && lints_helper && tests_helper && documentation; }

tests_browser() {
    # The files as they are released, under the program that was built with the tests above, as was the phone.
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
step tests-rust-built tests_rust_built
say "PostgreSQL for the tests"
start_postgresql
trap put_away EXIT
step_beside browser-files-and-their-size cargo xtask size
step tests-rust tests_rust
step_beside_end
step_beside helper-lints-and-documentation the_rest
step tests-browser tests_browser
step_beside_end

say "all checks passed in $SECONDS s; the closing lines of the test runners:"
grep -hE '^ *Summary |^test result: ' "$logs/tests-rust.log" "$logs/helper-lints-and-documentation.log" | tail -n 40
grep '^browser tests: ' "$logs/tests-browser.log"
