# shellcheck shell=bash
# A PostgreSQL of our own for tests and measurements, to be read with "source" after setup.sh: on a free port, ended with
# the script. Sets TANDEM_TEST_POSTGRES_URL, whose user may create databases.

# Where files live for moments only: in memory, where there are two gigabytes of it. (On ext4, making the hundreds of files of a
# database just after those of another were deleted takes longer than most tests: it looks for places that were not used
# lately.)
folder_for_moments() {
    local free
    free=$(df --output=avail --block-size=1M /dev/shm 2>/dev/null | tail -n 1) || true
    if [ "${free:-0}" -ge 2048 ] && [ -w /dev/shm ]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi
}

# start_postgresql [FOLDER]: its data are in FOLDER and stay there for the next time, or else in a temporary folder.
start_postgresql() {
    local programs port connections log_size
    # Each test has up to ten or so for each store that it opens.
    connections=$((220 + 40 * $(nproc)))
    # A temporary one may be in memory.
    [ -n "${1:-}" ] && log_size= || log_size="-c max_wal_size=256MB -c min_wal_size=64MB"
    programs=$(postgresql_programs)
    postgresql_kept=${1:-}
    postgresql_folder=${1:-$(mktemp -d --tmpdir="$(folder_for_moments)" tandem-postgresql.XXXXXX)}
    mkdir -p "$postgresql_folder"
    port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
    # PostgreSQL refuses to run as root; the package brings a user for it.
    as_postgresql=()
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$postgresql_folder"
        as_postgresql=(runuser -u postgres --)
        if ! "${as_postgresql[@]}" test -w "$postgresql_folder"; then
            say "PostgreSQL's user cannot reach $postgresql_folder: using a temporary folder"
            start_postgresql
            return
        fi
    fi
    trap stop_postgresql EXIT
    (
        cd "$postgresql_folder" || exit 1
        [ -e data/PG_VERSION ] ||
            "${as_postgresql[@]}" "$programs/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 \
                --locale=C.UTF-8 --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
        # What is written need not outlive a crash of the machine, so it need not reach the disk. No socket but the port's:
        # the path of one must be short.
        "${as_postgresql[@]}" "$programs/pg_ctl" start --pgdata=data --log=server.log --wait --silent --options="\
            -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=$connections $log_size" \
            </dev/null || { cat server.log >&2; exit 1; }
    )
    export TANDEM_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

stop_postgresql() {
    local mode=immediate
    [ -z "$postgresql_kept" ] || mode=fast
    # pg_ctl ends the server of this folder alone: it reads the process id there.
    "${as_postgresql[@]}" "$(postgresql_programs)/pg_ctl" stop --pgdata="$postgresql_folder/data" \
        --mode="$mode" --wait --silent >/dev/null 2>&1 || true
    [ -n "$postgresql_kept" ] || rm -rf "$postgresql_folder" || true
}
