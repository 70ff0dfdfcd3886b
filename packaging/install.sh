#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Nephos agent (or aggregator) from a release: binary, systemd unit, settings. Needs a POSIX
# shell, tar, gzip and a program for SHA-256; curl or wget where the release is not on this machine. Asks
# nothing.
#
#   install.sh --server HOST[:PORT] --token-file FILE     first installation of an agent
#   ssh central nephos-aggregator token create | install.sh --server HOST --token-file -
#   install.sh                                            another version; settings and state stay
#   install.sh --aggregator                               the other program
#   install.sh --uninstall [--purge]                      --purge: settings, state and token too
#
#   --from WHERE      folder or URL with SHA256SUMS and nephos-VERSION-linux-ARCH.tar.gz; by default the
#                     release that this script was unpacked with
#   --token-file FILE the join token, one line; - reads it from standard input
#   --token TOKEN     works, but every user of this machine can read it while the script runs
#   --arch ARCH       x86_64, aarch64, armv7 or riscv64 instead of what `uname -m` says
#   --no-start        installs only
#
# NEPHOS_ROOT=DIR goes before every path that is written (images, tests); then nothing is started.
set -eu
umask 022

ROOT=${NEPHOS_ROOT:-}
HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
BIN=/usr/local/bin
UNITS=/etc/systemd/system
PROGRAM=nephos-agent
FROM='' ARCH='' SERVER='' TOKEN='' TOKEN_FILE='' ACTION=install PURGE=0 START=1
WORK=''

say() { printf 'nephos: %s\n' "$*"; }
warn() { printf 'nephos: %s\n' "$*" >&2; }
fail() {
    warn "$*"
    exit 1
}
trap '[ -z "$WORK" ] || rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM

usage() {
    sed -n '3,22s/^# \{0,1\}//p' "$0"
}

# --- arguments ---

# The value of an option, in either form.
need() { # option count
    [ "$2" -ge 2 ] || { warn "$1: a value must follow"; exit 64; }
}

while [ $# -gt 0 ]; do
    case $1 in
    --*=*)
        option=${1%%=*} value=${1#*=}
        shift
        set -- "$option" "$value" "$@"
        continue
        ;;
    esac
    case $1 in
    --server) need "$1" $#; SERVER=$2; shift ;;
    --token-file) need "$1" $#; TOKEN_FILE=$2; shift ;;
    --token) need "$1" $#; TOKEN=$2; shift
        warn "--token: the command line can be read by every user of this machine; --token-file - is safer" ;;
    --from) need "$1" $#; FROM=$2; shift ;;
    --arch) need "$1" $#; ARCH=$2; shift ;;
    --agent) PROGRAM=nephos-agent ;;
    --aggregator) PROGRAM=nephos-aggregator ;;
    --no-start) START=0 ;;
    --uninstall) ACTION=uninstall ;;
    --purge) PURGE=1 ;;
    -h | --help) usage; exit 0 ;;
    *) warn "unknown argument $1; --help lists them all"; exit 64 ;;
    esac
    shift
done

# What goes into a line of a file must not be two lines.
case $SERVER$TOKEN in
*'
'*) fail "--server, --token: one line is expected" ;;
esac
[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail "this writes to /usr/local and /etc: run it as root"

has_systemd() { [ -z "$ROOT" ] && [ -d /run/systemd/system ]; }

# --- where the release is ---

architecture() {
    case ${ARCH:-$(uname -m)} in
    x86_64 | amd64) echo x86_64 ;;
    aarch64 | arm64) echo aarch64 ;;
    armv7* | armhf | armv8l) echo armv7 ;;
    riscv64) echo riscv64 ;;
    *) fail "there is no build for ${ARCH:-$(uname -m)}; there are x86_64, aarch64, armv7 and riscv64" ;;
    esac
}

fetch() { # name
    case $FROM in
    http://* | https://*)
        if command -v curl >/dev/null 2>&1; then
            curl -fsSL --retry 3 -o "$WORK/$1" "${FROM%/}/$1" || fail "$FROM/$1 cannot be fetched"
        elif command -v wget >/dev/null 2>&1; then
            wget -q -O "$WORK/$1" "${FROM%/}/$1" || fail "$FROM/$1 cannot be fetched"
        else
            fail "neither curl nor wget is here: fetch the files of $FROM by other means and name their folder"
        fi
        ;;
    *) cp "$FROM/$1" "$WORK/$1" || fail "$FROM/$1 cannot be read" ;;
    esac
}

sum_of() { # file
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1"
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1"
    elif command -v openssl >/dev/null 2>&1; then
        openssl dgst -sha256 -r "$1"
    else
        fail "no sha256sum, shasum or openssl is here to check what was fetched"
    fi | cut -d' ' -f1
}

# Sets RELEASE to an unpacked release whose bytes were checked.
find_release() {
    if [ -z "$FROM" ]; then
        [ -f "$HERE/bin/$PROGRAM" ] || fail "--from: say where the release is (folder or URL with SHA256SUMS)"
        RELEASE=$HERE
        return
    fi
    WORK=$(mktemp -d)
    arch=$(architecture)
    fetch SHA256SUMS
    name=$(sed -n "s/^[0-9a-f]\{64\}  \(nephos-[0-9][0-9A-Za-z.~+]*-linux-$arch\.tar\.gz\)\$/\1/p" \
        "$WORK/SHA256SUMS" | tail -n 1)
    [ -n "$name" ] || fail "$FROM: SHA256SUMS names no tarball for $arch"
    wanted=$(sed -n "s/^\([0-9a-f]\{64\}\)  $name\$/\1/p" "$WORK/SHA256SUMS" | tail -n 1)
    fetch "$name"
    [ "$(sum_of "$WORK/$name")" = "$wanted" ] ||
        fail "$name is not what SHA256SUMS says: it was cut or changed on the way; nothing was installed"
    tar -xzf "$WORK/$name" -C "$WORK" || fail "$name cannot be unpacked"
    RELEASE=$WORK/${name%.tar.gz}
    [ -f "$RELEASE/bin/$PROGRAM" ] || fail "$name holds no $PROGRAM"
}

# --- files ---

# Whole or not at all, also where the program runs.
place() { # from to mode
    mkdir -p "$ROOT$(dirname -- "$2")"
    cp "$1" "$ROOT$2.new"
    chmod "$3" "$ROOT$2.new"
    mv "$ROOT$2.new" "$ROOT$2"
}

write_server() {
    mkdir -p "$ROOT/etc/nephos/agent.conf.d"
    printf '# Written by install.sh.\n[server]\naddress = %s\n' "$SERVER" \
        >"$ROOT/etc/nephos/agent.conf.d/50-server.conf"
}

write_token() {
    if [ "$TOKEN_FILE" = - ]; then
        IFS= read -r TOKEN || [ -n "$TOKEN" ] || fail "--token-file -: standard input holds no token"
    elif [ -n "$TOKEN_FILE" ]; then
        IFS= read -r TOKEN <"$TOKEN_FILE" || [ -n "$TOKEN" ] || fail "$TOKEN_FILE holds no token"
    fi
    case $TOKEN in
    '') return ;;
    nph1_*) ;;
    *) fail "this is not a join token; \`nephos-aggregator token create\` prints one" ;;
    esac
    mkdir -p "$ROOT/etc/credstore"
    chmod 700 "$ROOT/etc/credstore"
    (umask 077 && printf '%s\n' "$TOKEN" >"$ROOT/etc/credstore/nephos-agent.token")
}

# The unit names the packaged path.
place_unit() {
    WORK=${WORK:-$(mktemp -d)}
    sed "s|/usr/bin/$PROGRAM|$BIN/$PROGRAM|" "$RELEASE/systemd/$PROGRAM.service" >"$WORK/unit"
    place "$WORK/unit" "$UNITS/$PROGRAM.service" 644
}

has_joined() {
    [ -s "$ROOT/etc/credstore/nephos-agent.token" ] || [ -e "$ROOT/var/lib/private/nephos-agent/agent.crt.der" ] ||
        [ -e "$ROOT/var/lib/nephos-agent/agent.crt.der" ]
}

install_program() {
    # A bad token or release is found before anything changes.
    find_release
    [ "$PROGRAM" = nephos-aggregator ] || write_token
    place "$RELEASE/bin/$PROGRAM" "$BIN/$PROGRAM" 755
    short=${PROGRAM#nephos-}
    [ -e "$ROOT/etc/nephos/$short.conf" ] || place "$RELEASE/etc/$short.conf" "/etc/nephos/$short.conf" 644
    [ -z "$SERVER" ] || write_server
    for page in "$RELEASE/man/$PROGRAM".*; do
        [ ! -e "$page" ] || place "$page" "/usr/local/share/man/man${page##*.}/${page##*/}" 644
    done
    if [ -d "$ROOT/etc/systemd/system" ] || [ -n "$ROOT" ] || has_systemd; then place_unit; fi
    say "$PROGRAM is installed in $ROOT$BIN"
}

start_program() {
    if [ -n "$ROOT" ] || [ "$START" = 0 ]; then
        say "not started; on the machine: systemctl enable --now $PROGRAM"
    elif ! has_systemd; then
        say "there is no systemd here. Have your init run, as a user of its own:"
        if [ "$PROGRAM" = nephos-agent ]; then
            say "  $BIN/nephos-agent --state /var/lib/nephos-agent --token-file /etc/credstore/nephos-agent.token"
        else
            say "  $BIN/nephos-aggregator serve --data /var/lib/nephos"
        fi
        say "SIGTERM ends it in order, SIGHUP reads the settings again."
    elif [ "$PROGRAM" = nephos-agent ] && ! has_joined; then
        systemctl daemon-reload
        say "not started: it has no join token yet. On the aggregator: nephos-aggregator token create"
        say "Here: install.sh --server HOST --token-file FILE"
    else
        systemctl daemon-reload
        systemctl enable --quiet "$PROGRAM.service"
        systemctl restart "$PROGRAM.service"
        say "started; journalctl -u $PROGRAM shows what it says"
    fi
}

uninstall_program() {
    if has_systemd; then
        systemctl disable --quiet --now "$PROGRAM.service" 2>/dev/null || true
    fi
    rm -f "$ROOT$BIN/$PROGRAM" "$ROOT$UNITS/$PROGRAM.service"
    rm -f "$ROOT/usr/local/share/man"/man[58]/"$PROGRAM".*
    has_systemd && systemctl daemon-reload
    if [ "$PURGE" = 1 ] && [ "$PROGRAM" = nephos-agent ]; then
        rm -rf "$ROOT/etc/nephos/agent.conf" "$ROOT/etc/nephos/agent.conf.d" \
            "$ROOT/etc/credstore/nephos-agent.token" "$ROOT/var/lib/private/nephos-agent" \
            "$ROOT/var/lib/nephos-agent"
    elif [ "$PURGE" = 1 ]; then
        rm -rf "$ROOT/etc/nephos/aggregator.conf" "$ROOT/etc/nephos/aggregator.conf.d" \
            "$ROOT/var/lib/private/nephos" "$ROOT/var/lib/nephos"
    else
        say "settings and state stay; --uninstall --purge removes them"
    fi
    rmdir "$ROOT/etc/nephos" 2>/dev/null || true
    say "$PROGRAM is removed"
}

case $ACTION in
install)
    install_program
    start_program
    ;;
uninstall) uninstall_program ;;
esac
