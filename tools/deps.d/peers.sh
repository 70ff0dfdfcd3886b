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

# DIR/openapi: the judge of /openapi.json and of answers.
build_openapi() { take_npm_locked openapi 'the validator of OpenAPI'; }

# DIR/browser: what steers Chromium in the dashboard's tests, and judges accessibility. Chromium itself is the
# machine's, or unpacked beside it.
build_browser() {
    command -v chromium >/dev/null || unpack_peers "$DIR/chromium" $PACKAGES_chromium
    take_npm_locked browser 'playwright-core and axe-core'
}

# DIR/peers: what `make bench` runs beside the agent.
build_peers() { unpack_peers "$DIR/peers" $PACKAGES_peers; }

# DIR/ws: the WebSocket client and server of npm, for `make e2e` and `make bench`. It needs node.
build_ws() {
    take_npm "$DIR/ws" ws "$WS_VERSION" "$WS_SHA256" "$WS_INTEGRITY" index.js wrapper.mjs lib package.json LICENSE
}

# DIR/vultr: Vultr's own client, and the answers that its tests are given, for `make e2e`. Its dependencies are
# left: a fetch as Node has it, and a compiler.
build_vultr() {
    take_npm "$DIR/vultr" @vultr/vultr-node "$VULTR_VERSION" "$VULTR_SHA256" "$VULTR_INTEGRITY" dist src test LICENSE.md
}

# DIR/mail: a mail server for proofs. DIR/aws: AWS' clients and signer, and stand-ins for its services.
build_mail() { unpack_peers "$DIR/mail" $PACKAGES_mail; }
build_aws() { take_npm_locked aws "AWS' clients and stand-ins"; }

# DIR/otlp: OpenTelemetry's own exporter, which sends to the aggregator in `make e2e`.
build_otlp() { take_npm_locked otlp "OpenTelemetry's exporter"; }

# DIR/forward: what stands in for Snowflake and for receivers of OTLP in `make e2e`.
build_forward() { take_npm_locked forward 'stand-ins for destinations'; }

# DIR/NAME: the packages that tools/deps.d/NAME/package-lock.json names, by npm's hashes in it.
take_npm_locked() { # name words
    local folder=$DIR/$1 lock=$TOOLS/deps.d/$1 id
    id=$(hash_of 1 "$(cat "$lock"/*.json)")
    ! is_current "$folder/stamp" "$id" || return 0
    command -v npm >/dev/null || fail "npm is missing: run tools/deps packages build"
    step_begin "$2"
    rm -rf "$folder.new" "$folder.old"
    mkdir -p "$folder.new"
    cp "$lock"/*.json "$folder.new/"
    (cd "$folder.new" && npm ci --ignore-scripts --no-audit --no-fund) >>"$LOG" 2>&1 ||
        fail "npm could not fetch what tools/deps.d/$1/package-lock.json names"
    echo "$id" >"$folder.new/stamp"
    [ ! -e "$folder" ] || mv "$folder" "$folder.old"
    mv "$folder.new" "$folder"
    rm -rf "$folder.old"
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
