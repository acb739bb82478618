#!/usr/bin/env bash
# make release: one self-contained program.
source "$(dirname "$0")/setup.sh"

need_rust
need_rust_source
need_node
say "building the release (the first time takes a quarter of an hour)"
cargo xtask build --release
say "done: target/release/tandem, $(du -h target/release/tandem | cut -f 1), needs nothing beside it"
