# shellcheck shell=bash
# A PostgreSQL of our own for the tests, to be read with "source" after setup.sh: a new cluster in a temporary folder, on a
# free port, gone when the script ends. Sets TANDEM_TEST_POSTGRES_URL, whose user may create databases.

start_postgresql() {
    local programs port
    programs=$(postgresql_programs)
    postgresql_folder=$(mktemp -d)
    port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
    # PostgreSQL refuses to run as root; the package brings a user for it.
    as_postgresql=()
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$postgresql_folder"
        as_postgresql=(runuser -u postgres --)
    fi
    trap stop_postgresql EXIT
    (
        cd "$postgresql_folder" || exit 1
        "${as_postgresql[@]}" "$programs/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 \
            --locale=C.UTF-8 --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
        # What is written need not outlive the test run, so it need not reach the disk.
        "${as_postgresql[@]}" "$programs/pg_ctl" start --pgdata=data --log=server.log --wait --silent --options="\
            -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$postgresql_folder \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300" \
            </dev/null || { cat server.log >&2; exit 1; }
    )
    export TANDEM_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

stop_postgresql() {
    # pg_ctl ends the server of this folder alone: it reads the process id there.
    "${as_postgresql[@]}" "$(postgresql_programs)/pg_ctl" stop --pgdata="$postgresql_folder/data" \
        --mode=immediate --wait --silent >/dev/null 2>&1 || true
    rm -rf "$postgresql_folder" || true
}
