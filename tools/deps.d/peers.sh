# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Other people's programs that ours is checked against and compared with. They are unpacked into the
# cache and never installed: a package would start its daemon and enable it for the next boot.

# DIR/exporter: node_exporter, the independent source of `make e2e`.
build_exporter() { unpack_peers "$DIR/exporter" $PACKAGES_exporter; }

# DIR/prometheus: the scraper (and promtool) that the exposition is checked with.
build_prometheus() { unpack_peers "$DIR/prometheus" $PACKAGES_prometheus; }

# DIR/pressure: slow clients, many clients, and a judge of TLS, which the aggregator must stand.
build_pressure() { unpack_peers "$DIR/pressure" $PACKAGES_pressure; }

# DIR/stress: stress-ng, for an alert from a machine that is really busy.
build_stress() { unpack_peers "$DIR/stress" $PACKAGES_stress; }

# DIR/openapi: the judge of /openapi.json and of answers, from npm by the lock file's hashes.
build_openapi() {
    local folder=$DIR/openapi lock=$TOOLS/deps.d/openapi id
    id=$(hash_of 1 "$(<"$lock/package.json")" "$(<"$lock/package-lock.json")")
    ! is_current "$folder/stamp" "$id" || return 0
    command -v npm >/dev/null || fail "npm is missing: run tools/deps packages build"
    step_begin 'the validator of OpenAPI'
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$lock/package.json" "$lock/package-lock.json" "$folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >>"$LOG" 2>&1 ||
        fail "npm could not fetch what tools/deps.d/openapi/package-lock.json names"
    echo "$id" >"$folder/stamp"
    step_end 'fetched'
}

# DIR/browser: what steers Chromium in the dashboard's tests, and judges accessibility, by the lock file's hashes.
# Chromium itself is the machine's, or unpacked beside it.
build_browser() {
    local folder=$DIR/browser lock=$TOOLS/deps.d/browser id
    command -v chromium >/dev/null || unpack_peers "$DIR/chromium" $PACKAGES_chromium
    id=$(hash_of 1 "$(<"$lock/package.json")" "$(<"$lock/package-lock.json")")
    ! is_current "$folder/stamp" "$id" || return 0
    command -v npm >/dev/null || fail "npm is missing: run tools/deps packages build"
    step_begin 'playwright-core and axe-core'
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$lock/package.json" "$lock/package-lock.json" "$folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >>"$LOG" 2>&1 ||
        fail "npm could not fetch what tools/deps.d/browser/package-lock.json names"
    echo "$id" >"$folder/stamp"
    step_end 'fetched'
}

# DIR/peers: what `make bench` runs beside the agent.
build_peers() { unpack_peers "$DIR/peers" $PACKAGES_peers; }

# DIR/ws: the WebSocket client and server of npm, for `make e2e` and `make bench`. It needs node.
build_ws() {
    local folder=$DIR/ws id tarball=ws-$WS_VERSION.tgz
    id=$(hash_of 1 "$WS_VERSION" "$WS_SHA256" "$WS_INTEGRITY")
    is_current "$folder/stamp" "$id" && return
    step_begin "ws $WS_VERSION"
    fetch_npm "ws@$WS_VERSION" "$tarball" "$WS_SHA256" ||
        fail "ws $WS_VERSION cannot be fetched: check that 'npm pack ws@$WS_VERSION' works"
    [ "$(npm_integrity "$DIR/dl/$tarball")" = "$WS_INTEGRITY" ] ||
        fail "ws $WS_VERSION is not what npm published: correct tools/deps.d/pins.sh"
    rm -rf "$folder"
    mkdir -p "$folder"
    tar -xzf "$DIR/dl/$tarball" -C "$folder" --strip-components=1 --no-same-owner
    echo "$id" >"$folder/stamp"
    step_end 'fetched'
}

# DIR/vultr: Vultr's own client, and the answers that its tests are given, for `make e2e`. Its dependencies are
# left: a fetch as Node has it, and a compiler.
build_vultr() {
    take_npm "$DIR/vultr" @vultr/vultr-node "$VULTR_VERSION" "$VULTR_SHA256" "$VULTR_INTEGRITY" dist src test LICENSE.md
}

# DIR/mail: a mail server for proofs. DIR/aws: AWS' clients and signer, and stand-ins for its services.
build_mail() { unpack_peers "$DIR/mail" $PACKAGES_mail; }
build_aws() {
    local folder=$DIR/aws id
    id=$(hash_of 1 "$(cat "$TOOLS"/deps.d/aws/*.json)")
    ! is_current "$folder/stamp" "$id" || return 0
    command -v npm >/dev/null || fail "npm is missing: run tools/deps packages build"
    step_begin "AWS' clients and stand-ins"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    cp "$TOOLS"/deps.d/aws/*.json "$folder.new/"
    (cd "$folder.new" && npm ci --ignore-scripts --no-audit --no-fund) >>"$LOG" 2>&1 ||
        fail "could not fetch AWS' clients: see the log"
    echo "$id" >"$folder.new/stamp"
    rm -rf "$folder"
    mv "$folder.new" "$folder"
    step_end 'fetched'
}

# DIR/otlp: OpenTelemetry's own exporter, which sends to the aggregator in `make e2e`. The lock file holds the
# versions and npm's hashes of all its parts.
build_otlp() {
    local folder=$DIR/otlp id
    id=$(hash_of 1 "$(cat "$TOOLS"/deps.d/otlp/*.json)")
    ! is_current "$folder/stamp" "$id" || return 0
    command -v npm >/dev/null || fail "npm is missing: run tools/deps packages build"
    step_begin "OpenTelemetry's exporter"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    cp "$TOOLS"/deps.d/otlp/*.json "$folder.new/"
    (cd "$folder.new" && npm ci --ignore-scripts --no-audit --no-fund) >>"$LOG" 2>&1 ||
        fail "could not fetch OpenTelemetry's exporter: see the log"
    echo "$id" >"$folder.new/stamp"
    rm -rf "$folder"
    mv "$folder.new" "$folder"
    step_end 'fetched'
}

# DIR/forward: what stands in for Snowflake and for receivers of OTLP in `make e2e`, by the lock file's hashes.
build_forward() {
    local folder=$DIR/forward id
    id=$(hash_of 1 "$(cat "$TOOLS"/deps.d/forward/*.json)")
    ! is_current "$folder/stamp" "$id" || return 0
    command -v npm >/dev/null || fail "npm is missing: run tools/deps packages build"
    step_begin 'stand-ins for destinations'
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    cp "$TOOLS"/deps.d/forward/*.json "$folder.new/"
    (cd "$folder.new" && npm ci --ignore-scripts --no-audit --no-fund) >>"$LOG" 2>&1 ||
        fail "npm could not fetch what tools/deps.d/forward/package-lock.json names"
    echo "$id" >"$folder.new/stamp"
    rm -rf "$folder"
    mv "$folder.new" "$folder"
    step_end 'fetched'
}

unpack_peers() { # folder package...
    local folder=$1
    shift
    ! is_current "$folder/stamp" "$(hash_of 1 "$@")" || return 0
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        say "no APT here: $* will be looked for on PATH"
        return 0
    fi
    step_begin "$*"
    unpack_with_libraries "$folder" "$@" ||
        { as_root_update && unpack_with_libraries "$folder" "$@"; } ||
        fail "could not download: run: apt-get update, then this again"
    echo "$(hash_of 1 "$@")" >"$folder/stamp"
    step_end 'unpacked'
}

# The index may never have been read on this machine.
as_root_update() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update >>"$LOG" 2>&1
    else
        sudo -n apt-get update >>"$LOG" 2>&1
    fi
}

# With what they need and this machine lacks, as APT would install it.
unpack_with_libraries() ( # folder package...
    folder=$1
    shift
    rm -rf "$folder"
    mkdir -p "$folder/deb"
    cd "$folder/deb" || exit 1
    names=$(apt-get install -s --reinstall --no-install-recommends "$@" 2>>"$LOG" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    [ -n "$names" ] || exit 1
    # shellcheck disable=SC2086
    apt-get download $names >>"$LOG" 2>&1 || exit 1
    for deb in *.deb; do
        dpkg-deb -x "$deb" "$folder" || exit 1
    done
    rm -rf "$folder/deb"
)
