#!/usr/bin/env bash
# make bench: what Tandem must reach, measured and printed beside the targets. Arguments name the parts to measure, all
# when there are none; "cargo xtask help" lists them.
source "$(dirname "$0")/setup.sh"
source scripts/postgresql.sh

need_rust
need_rust_source
need_node
need_postgresql
need_chromium
[ -e end2end/node_modules/playwright-core ] || npm --prefix end2end ci --no-progress
# Large databases take minutes to fill: they are kept.
start_postgresql "$PWD/target/bench/postgresql"
cargo xtask bench "$@"
