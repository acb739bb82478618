# shellcheck shell=bash
# Set-up that the other scripts share; to be read with "source". Each function installs what it is named after when it is
# missing, or says what to do. Nothing here asks a question, so that it also works without a terminal.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '==> %s\n' "$*" >&2; }

# fail WHAT REMEDY
fail() {
    printf '==> %s\n    %s\n' "$1" "$2" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --non-interactive "$@"; fi
}

# debian_packages WHAT PACKAGE…: installs Debian packages, as root or with sudo.
debian_packages() {
    local what=$1
    shift
    has apt-get || fail "$what is missing" "Install it ($* on Debian), then try again."
    [ "$(id -u)" = 0 ] || sudo --non-interactive true 2>/dev/null ||
        fail "$what is missing, and this needs root" "Run: sudo apt-get install $*"
    say "installing $what ($*)"
    # Once is enough for everything that a command here needs.
    [ -n "${packages_are_known:-}" ] || as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null
    packages_are_known=yes
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null ||
        fail "$what could not be installed" "Run by hand to see why: apt-get install $*"
}

# at_least WANTED FOUND: compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_rust() {
    local wanted found libraries
    has cargo || fail "cargo is missing" "Install Rust: https://rustup.rs"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version | cut -d ' ' -f 2)
    at_least "$wanted" "$found" || fail "Rust $wanted or newer is needed, this is $found" "Run: rustup update stable"
    has cc || debian_packages "a C compiler" build-essential
    # The Opus codec is C, built by CMake.
    has cmake || debian_packages "CMake" cmake
    libraries=$(rustc --print target-libdir --target wasm32-unknown-unknown)
    if [ ! -d "$libraries" ]; then
        has rustup || fail "Rust's WebAssembly target is missing" "Install Rust with rustup: https://rustup.rs"
        say "Rust's WebAssembly target"
        rustup target add wasm32-unknown-unknown
    fi
}

# The browser's programs are released with a standard library of their own.
need_rust_source() {
    local source
    source=$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock
    if [ ! -f "$source" ]; then
        has rustup || fail "the source of Rust's standard library is missing" "Install Rust with rustup: https://rustup.rs"
        say "the source of Rust's standard library"
        rustup component add rust-src
    fi
}

need_rust_checkers() {
    local component
    for component in rustfmt clippy; do
        if ! cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1; then
            has rustup || fail "$component is missing" "Install Rust with rustup: https://rustup.rs"
            rustup component add "$component"
        fi
    done
}

need_node() {
    local found
    has node || fail "Node.js is missing" "Install Node.js 18 or newer (Debian: apt-get install nodejs npm)"
    has npm || fail "npm is missing" "Install it (Debian: apt-get install npm)"
    found=$(node --version)
    at_least 18 "${found#v}" || fail "Node.js 18 or newer is needed, this is $found" "Install a newer Node.js"
}

need_postgresql() {
    postgresql_programs >/dev/null || debian_packages "PostgreSQL" postgresql
    postgresql_programs >/dev/null || fail "PostgreSQL's initdb is not found" "Put the folder of initdb into PATH."
}

# The folder of initdb and pg_ctl; Debian keeps them out of PATH, a folder for each version.
postgresql_programs() {
    local folder newest=
    if has initdb && has pg_ctl; then
        dirname "$(command -v initdb)"
        return
    fi
    for folder in /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] && newest=$folder
    done
    [ -n "$newest" ] && printf '%s\n' "$newest"
}

# Real phones, and what stands between them and an exchange.
need_phones() {
    if ! { has baresip && has sipp && has kamailio && has openssl; }; then
        debian_packages "SIP phones for the tests" baresip-core sip-tester kamailio openssl
        # The tests start a Kamailio of their own; as a service it would take SIP's port from "make run".
        if has systemctl; then as_root systemctl disable --now kamailio >/dev/null 2>&1 || true; fi
    fi
}

# What everybody on the Internet is scanned with.
need_scanner() {
    has svcrack || debian_packages "a SIP scanner for the tests" sipvicious
}

# A real mail server, for the tests.
need_mail_server() {
    has aiosmtpd || debian_packages "a mail server for the tests" python3-aiosmtpd
}

need_chromium() {
    has chromium || debian_packages "Chromium" chromium
}

# The same without windows: half of the time for whatever looks at pages alone.
need_headless_chromium() {
    has chromium-headless-shell || [ -n "${CHROMIUM:-}" ] ||
        (debian_packages "Chromium without windows" chromium-headless-shell) ||
        say "without chromium-headless-shell the browser tests take longer"
}
