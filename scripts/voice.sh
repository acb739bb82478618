#!/usr/bin/env bash
# Makes the announcements, the music on hold and the demonstration's dialogues again from their texts, and checks them.
# Only needed after a text has changed: the sounds are in the repository. An argument names another folder to write to.
source "$(dirname "$0")/setup.sh"

need_node
has espeak-ng || debian_packages "espeak-ng" espeak-ng
node crates/media/voice/make/make.mjs "$@"
