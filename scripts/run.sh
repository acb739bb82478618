#!/usr/bin/env bash
# make run: from a fresh machine to Tandem with its demonstration data. Arguments go to "tandem demo".
source "$(dirname "$0")/setup.sh"

need_rust
need_node
say "building (the first time takes some minutes)"
cargo xtask build
say "starting"
exec target/debug/tandem demo "$@"
