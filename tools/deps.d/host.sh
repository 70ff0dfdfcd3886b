# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What serves the machine that builds: Debian packages, the protobuf compiler, sources for tests on
# the host's own libc, and the dashboard's chart library.

# ---- packages ----

is_installed() { # package
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The packages of a group that this machine lacks.
missing_packages() { # group
    local package list
    case $1 in
    build)
        list=$PACKAGES_build
        command -v npm >/dev/null && command -v node >/dev/null || list="$list $PACKAGES_build_web"
        ;;
    cross)
        list=$PACKAGES_cross
        [ "$(uname -m)" != aarch64 ] || list=$PACKAGES_cross_on_aarch64
        ;;
    riscv) list=$PACKAGES_riscv ;;
    test) list="$PACKAGES_test $(clang_runtime)" ;;
    *) fail "no package group $1: there are build, cross, riscv, test" ;;
    esac
    for package in $list; do
        is_installed "$package" || echo "$package"
    done
}

# The sanitizers' runtime carries clang's version in its name, and has its own package on newer
# releases only.
clang_runtime() {
    local version
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    [ -n "$version" ] || return 0
    [ -z "$(apt-cache policy "libclang-rt-$version-dev" 2>/dev/null)" ] || echo "libclang-rt-$version-dev"
}

install_packages() { # group...
    local group missing= as_root=()
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "no APT here: what tools/deps.d/pins.sh lists as PACKAGES_* must be installed already"
        return 0
    fi
    for group in "$@"; do
        case $group in build | cross | riscv | test) ;; *) fail "no package group $group: build, cross, riscv, test" ;; esac
        missing="$missing $(missing_packages "$group" | tr '\n' ' ')"
    done
    missing=$(echo $missing) # one blank between names
    [ -n "$missing" ] || return 0

    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo -n)
        sudo -n true 2>/dev/null || fail "packages are missing: run as root: apt-get update &&" \
            "apt-get install --no-install-recommends $missing"
    fi
    step_begin "packages $missing"
    "${as_root[@]}" apt-get update >>"$LOG" 2>&1 || true # an old index may do
    # The runtime's name is known only after the first update on a fresh machine.
    case " $* " in *" test "*) missing="$missing $(clang_runtime)" ;; esac
    # shellcheck disable=SC2086
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        $missing >>"$LOG" 2>&1 ||
        fail "could not install: run: apt-get install --no-install-recommends $missing"
    step_end 'installed'
}

# ---- host ----

# DIR/host/bin/protoc-c and DIR/host/src: the same sources as the targets', for glibc, sanitizers
# and fuzzers.
build_host() {
    local host=$DIR/host id
    host_protoc
    build_host_zlib
    source_of protobuf-c
    id=$SOURCE_ID
    local protobuf_c=$SOURCE_DIR
    source_of yyjson
    id="$id $SOURCE_ID"
    local yyjson=$SOURCE_DIR
    source_of mbedtls
    id="$id $SOURCE_ID"
    local mbedtls=$SOURCE_DIR
    sqlite_source
    id=$(hash_of 2 "$id $SOURCE_ID")
    is_current "$host/stamp" "$id" && return
    step_begin "host sources"
    rm -rf "$host/src.new" "$host/src.old"
    mkdir -p "$host/src.new/protobuf-c"
    cp "$protobuf_c/protobuf-c/protobuf-c.c" "$protobuf_c/protobuf-c/protobuf-c.h" \
        "$host/src.new/protobuf-c/"
    cp "$yyjson/src/yyjson.c" "$yyjson/src/yyjson.h" "$SOURCE_DIR/sqlite3.c" "$SOURCE_DIR/sqlite3.h" \
        "$host/src.new/"
    mkdir "$host/src.new/mbedtls"
    cp -R "$mbedtls/library" "$mbedtls/include" "$host/src.new/mbedtls/"
    [ ! -e "$host/src" ] || mv "$host/src" "$host/src.old"
    mv "$host/src.new" "$host/src"
    rm -rf "$host/src.old"
    echo "$id" >"$host/stamp"
    step_end 'copied'
}

# DIR/host/zlib: what the targets have of it.
build_host_zlib() {
    local host=$DIR/host file
    source_of zlib
    ! is_current "$host/zlib/stamp" "$SOURCE_ID" || return 0
    rm -rf "$host/zlib.new" "$host/zlib.old"
    mkdir -p "$host/zlib.new"
    cp "$SOURCE_DIR"/*.h "$host/zlib.new/"
    for file in $ZLIB_SOURCES; do cp "$SOURCE_DIR/$file" "$host/zlib.new/"; done
    echo "$SOURCE_ID" >"$host/zlib.new/stamp"
    [ ! -e "$host/zlib" ] || mv "$host/zlib" "$host/zlib.old"
    mv "$host/zlib.new" "$host/zlib"
    rm -rf "$host/zlib.old"
}

# The compiler of .proto files: the machine's, or else the package unpacked into the cache, which
# needs no root.
host_protoc() {
    local bin=$DIR/host/bin root=$DIR/host/root system
    mkdir -p "$bin"
    if system=$(command -v protoc-c); then
        [ "$(readlink "$bin/protoc-c" || true)" = "$system" ] || ln -sf "$system" "$bin/protoc-c"
        return
    fi
    [ ! -x "$bin/protoc-c" ] || [ ! -e "$root/complete" ] || return 0
    need_archive_tools
    step_begin "protoc-c without root"
    unpack_protoc "$root" || fail "protoc-c is missing: run tools/deps packages build"
    rm -f "$bin/protoc-c"
    cat >"$bin/protoc-c" <<EOF
#!/bin/sh
# Made by tools/deps: the protobuf-c-compiler package, unpacked and not installed.
LD_LIBRARY_PATH=$root/usr/lib/$(gcc -print-multiarch) exec $root/usr/bin/protoc-c "\$@"
EOF
    chmod +x "$bin/protoc-c"
    "$bin/protoc-c" --version >>"$LOG" 2>&1 || fail "protoc-c does not run: run tools/deps packages build"
    touch "$root/complete"
    step_end 'unpacked'
}

# Downloads the package and those it needs that a machine with gcc and APT lacks; only unpacks them.
unpack_protoc() ( # folder
    local names deb
    rm -rf "$1"
    mkdir -p "$1/deb"
    cd "$1/deb" || exit 1
    names=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances protobuf-c-compiler 2>>"$LOG" | grep -E '^(lib)?(proto|absl)' || true)
    [ -n "$names" ] || exit 1
    # shellcheck disable=SC2086
    apt-get download $names >>"$LOG" 2>&1 || exit 1
    for deb in *.deb; do
        dpkg -x "$deb" "$1" || exit 1
    done
    rm -rf "$1/deb"
)

# ---- npm ----

# Fetches one package's tarball into dl/, with npm's own configuration; the hash is ours.
fetch_npm() { # package@version file sha256
    local place scratch
    has_hash "$DIR/dl/$2" "$3" && return
    case ${DEPS_FROM:-} in
    dir:*)
        for place in "${DEPS_FROM#dir:}"/*.tgz; do
            has_hash "$place" "$3" && cp "$place" "$DIR/dl/$2" && return
        done
        return 1
        ;;
    esac
    command -v npm >/dev/null || { say "npm is missing: run tools/deps packages build"; return 1; }
    mkdir -p "$DIR/dl"
    scratch=$(mktemp -d "$DIR/dl/npm.XXXXXX")
    (cd "$scratch" && npm pack --ignore-scripts "$1") >>"$LOG" 2>&1 &&
        has_hash "$scratch/$2" "$3" && mv "$scratch/$2" "$DIR/dl/$2"
    rm -rf "$scratch"
    has_hash "$DIR/dl/$2" "$3"
}

# The sha512 in the form in which npm states it.
npm_integrity() { # file
    echo "sha512-$(printf '%b' "$(sha512sum <"$1" | cut -d' ' -f1 | sed 's/../\\x&/g')" | base64 -w0)"
}

build_web() {
    local web=$DIR/web id tarball=uplot-$UPLOT_VERSION.tgz
    id=$(hash_of 1 "$UPLOT_VERSION" "$UPLOT_SHA256" "$UPLOT_INTEGRITY")
    is_current "$web/stamp" "$id" && return
    step_begin "uplot $UPLOT_VERSION"
    fetch_npm "uplot@$UPLOT_VERSION" "$tarball" "$UPLOT_SHA256" ||
        fail "uplot $UPLOT_VERSION cannot be fetched: check that 'npm pack uplot@$UPLOT_VERSION' works"
    [ "$(npm_integrity "$DIR/dl/$tarball")" = "$UPLOT_INTEGRITY" ] ||
        fail "uplot $UPLOT_VERSION is not what npm published: correct tools/deps.d/pins.sh"
    rm -rf "$web.new" "$web.old"
    mkdir -p "$web.new/package"
    tar -xzf "$DIR/dl/$tarball" -C "$web.new/package" --strip-components=1 --no-same-owner
    mv "$web.new/package/dist/uPlot.esm.js" "$web.new/package/LICENSE" "$web.new/"
    rm -rf "$web.new/package"
    echo "$id" >"$web.new/stamp"
    [ ! -e "$web" ] || mv "$web" "$web.old"
    mv "$web.new" "$web"
    rm -rf "$web.old"
    step_end 'fetched'
}

# DIR/lit-html: what writes the dashboard's pages. DIR/esbuild: what puts its files together, for this machine.
build_lit() { take_npm "$DIR/lit-html" lit-html "$LIT_VERSION" "$LIT_SHA256" "$LIT_INTEGRITY" lit-html.js LICENSE; }

build_esbuild() {
    local machine sha256 integrity
    case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) fail "esbuild is pinned for x86_64 and aarch64 only: add $(uname -m) to tools/deps.d/pins.sh" ;;
    esac
    sha256=ESBUILD_SHA256_$machine integrity=ESBUILD_INTEGRITY_$machine
    take_npm "$DIR/esbuild" "@esbuild/linux-$machine" "$ESBUILD_VERSION" "${!sha256}" "${!integrity}" bin/esbuild
}

# Takes files out of a pinned package of npm into a folder of their own.
take_npm() { # folder package version sha256 integrity file...
    local folder=$1 package=$2 version=$3 sha256=$4 integrity=$5 file id
    local tarball=${2#@}-$3.tgz
    tarball=${tarball//\//-}
    shift 5
    id=$(hash_of 1 "$version" "$sha256" "$integrity" "$@")
    ! is_current "$folder/stamp" "$id" || return 0
    step_begin "$package $version"
    fetch_npm "$package@$version" "$tarball" "$sha256" ||
        fail "$package $version cannot be fetched: check that 'npm pack $package@$version' works"
    [ "$(npm_integrity "$DIR/dl/$tarball")" = "$integrity" ] ||
        fail "$package $version is not what npm published: correct tools/deps.d/pins.sh"
    rm -rf "$folder.new" "$folder.old"
    mkdir -p "$folder.new/package"
    tar -xzf "$DIR/dl/$tarball" -C "$folder.new/package" --strip-components=1 --no-same-owner
    for file in "$@"; do
        mv "$folder.new/package/$file" "$folder.new/"
    done
    rm -rf "$folder.new/package"
    echo "$id" >"$folder.new/stamp"
    [ ! -e "$folder" ] || mv "$folder" "$folder.old"
    mv "$folder.new" "$folder"
    rm -rf "$folder.old"
    step_end 'fetched'
}
