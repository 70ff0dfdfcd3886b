# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# One target's products: a musl toolchain in ARCH/bin, and static libraries that never call malloc.
#
#   ARCH/bin/{cc,ar,nm,strip,objcopy,objdump,ranlib}
#   ARCH/agent/{lib,include}       mbedTLS as the agent configures it
#   ARCH/aggregator/{lib,include}  mbedTLS as the aggregator configures it
#   ARCH/http/{lib,include}        mbedTLS as outbound requests need it, and libcurl over it
#   ARCH/{lib,include}             protobuf-c, SQLite, yyjson, zlib (inflate only)
#
# Objects hold no path, time or order of this machine: two builds are the same bytes.

# Raise a number when the recipe below changes in a way that its flags do not show.
RECIPE_musl=2
RECIPE_mbedtls=1
RECIPE_library=1
RECIPE_curl=1

# Sections, so the linker drops what is not called; no unwind tables, C does not unwind.
FLAGS_COMMON='-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
    -fno-ident -w'
FLAGS_AGENT='-Os -fno-pie'
FLAGS_AGGREGATOR='-O2'
FLAGS_PROTOBUF_C='-Os -DNDEBUG -Dmalloc=nephos_trap_malloc -Dfree=nephos_trap_free'
FLAGS_YYJSON='-O2 -DNDEBUG -Dmalloc=nephos_trap_malloc -Drealloc=nephos_trap_realloc
    -Dfree=nephos_trap_free'
# What unpacks gzip, and nothing else; memory comes from who calls it.
FLAGS_ZLIB='-O2 -DNDEBUG -DZ_SOLO'
# Outbound requests: HTTP/1.1 and SMTP over TLS, AWS' signature; everything else stays out. libcurl never asks
# for an address (who starts a request has found it) and starts no thread. What musl declares for GNU sources
# alone must be declared: an undeclared memrchr() has its pointer cut to an int.
FLAGS_CURL='-Os -DNDEBUG -DHAVE_CONFIG_H -DBUILDING_LIBCURL -DCURL_STATICLIB -DUSE_MBEDTLS -D_GNU_SOURCE
    -Werror=implicit-function-declaration'
CURL_OPTIONS='--disable-shared --without-ssl --without-zlib --without-brotli --without-zstd --without-libpsl
    --without-libidn2 --without-nghttp2 --without-ca-bundle --without-ca-path --disable-ftp --disable-file
    --disable-ldap --disable-ldaps --disable-rtsp --disable-dict --disable-telnet --disable-tftp --disable-pop3
    --disable-imap --disable-smb --disable-gopher --disable-mqtt --disable-ipfs --disable-cookies --disable-doh
    --disable-mime --disable-form-api --disable-netrc --disable-alt-svc --disable-hsts --disable-proxy
    --disable-websockets --disable-unix-sockets --disable-threaded-resolver --disable-manual --disable-docs
    --disable-progress-meter --disable-dateparse --disable-ntlm --disable-kerberos-auth
    --disable-negotiate-auth --disable-tls-srp --disable-libcurl-option --disable-verbose --disable-bearer-auth
    --disable-digest-auth --disable-socketpair --disable-headers-api'
# One connection, one thread, a fixed heap (memsys5) and no fallback to malloc. The unix VFS stays in
# the build though the program registers its own. Without localtime(), which drags in malloc, and
# with a getcwd() that does not.
FLAGS_SQLITE='-O2 -DNDEBUG -D_GNU_SOURCE -DSQLITE_THREADSAFE=0 -DSQLITE_ENABLE_MEMSYS5 -DSQLITE_ZERO_MALLOC
    -DSQLITE_DEFAULT_MEMSTATUS=1 -DSQLITE_TEMP_STORE=3 -DSQLITE_DQS=0 -DSQLITE_MAX_EXPR_DEPTH=0
    -DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_DEPRECATED
    -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_LOCALTIME -DHAVE_FDATASYNC=1'

# Sets what differs between targets. The machine's own kind is built with its own gcc.
select_arch() { # arch
    ARCH=$1
    PREFIX=$DIR/$ARCH
    case $ARCH in
    x86_64) TRIPLE=x86_64-linux-gnu ;;
    aarch64) TRIPLE=aarch64-linux-gnu ;;
    armv7) TRIPLE=arm-linux-gnueabihf ;;
    riscv64) TRIPLE=riscv64-linux-gnu ;;
    esac
    if [ "$(uname -m)" = "$ARCH" ]; then
        BINUTILS=
        KERNEL=/usr/include
        KERNEL_ASM=/usr/include/$TRIPLE/asm
        [ -e "$KERNEL_ASM" ] || KERNEL_ASM=/usr/include/asm
        PACKAGES=build
    else
        BINUTILS=$TRIPLE-
        KERNEL=/usr/$TRIPLE/include
        KERNEL_ASM=$KERNEL/asm
        PACKAGES=cross
        [ "$ARCH" != riscv64 ] || PACKAGES=riscv
    fi
    GCC=${BINUTILS}gcc
    command -v "$GCC" >/dev/null || fail "$GCC is missing: run tools/deps packages $PACKAGES"
    [ -e "$KERNEL/linux/version.h" ] ||
        fail "$KERNEL/linux is missing: run tools/deps packages $PACKAGES"
    GCC_VERSION=$("$GCC" -dumpfullversion)
}

build_arch() { # arch
    select_arch "$1"
    mkdir -p "$PREFIX/stamp" "$PREFIX/build" "$PREFIX/lib" "$PREFIX/include"
    # Paths must not reach the objects: asserts and __FILE__ would differ per machine.
    read -ra COMMON <<<"${FLAGS_COMMON//$'\n'/ } -ffile-prefix-map=$DIR=deps"
    build_musl
    build_mbedtls agent "$FLAGS_AGENT"
    build_protobuf_c
    build_mbedtls aggregator "$FLAGS_AGGREGATOR"
    # The agent alone needs neither, but on armv7 they cost 20 s once and let its tests run there.
    build_yyjson
    build_zlib
    build_sqlite
    build_mbedtls http "$FLAGS_AGENT"
    build_curl
}

build_musl() {
    local id build tool
    source_of musl
    id=$(hash_of $RECIPE_musl "$GCC" "$GCC_VERSION" "$SOURCE_ID" "$DIR" "$KERNEL")
    is_current "$PREFIX/stamp/musl" "$id" && return
    rm -f "$PREFIX/stamp/"*
    step_begin "musl $SOURCE_VERSION for $ARCH"

    build=$PREFIX/build/musl
    rm -rf "$build" "$PREFIX/musl.new"
    mkdir -p "$build"
    cp -R "$SOURCE_DIR/." "$build"
    # Its own wrapper script is not taken, it cannot hold flags; its specs file is.
    (
        cd "$build" &&
            CC=$GCC AR=${BINUTILS}ar RANLIB=${BINUTILS}ranlib \
                CFLAGS="-fno-ident -ffile-prefix-map=$DIR=deps" \
                ./configure --target="$TRIPLE" --prefix="$PREFIX/musl" \
                --syslibdir="$PREFIX/musl/lib" --disable-shared --disable-wrapper &&
            make -j"$JOBS" all lib/musl-gcc.specs &&
            make DESTDIR="$build/out" install &&
            cp lib/musl-gcc.specs "$build/out$PREFIX/musl/lib/"
    ) >>"$LOG" 2>&1 || fail "musl does not build for $ARCH: see the log"

    # The kernel's headers, which musl's include path leaves out.
    mkdir -p "$build/out$PREFIX/musl/kernel"
    ln -s "$KERNEL/linux" "$KERNEL/asm-generic" "$build/out$PREFIX/musl/kernel/"
    ln -s "$KERNEL_ASM" "$build/out$PREFIX/musl/kernel/asm"

    rm -rf "$PREFIX/musl" "$PREFIX/bin"
    mv "$build/out$PREFIX/musl" "$PREFIX/musl"
    mkdir -p "$PREFIX/bin"
    write_cc >"$PREFIX/bin/cc"
    chmod +x "$PREFIX/bin/cc"
    for tool in ar nm strip objcopy objdump ranlib; do
        ln -s "$(command -v "$BINUTILS$tool")" "$PREFIX/bin/$tool"
    done
    rm -rf "$build"
    echo "$id" >"$PREFIX/stamp/musl"
    step_end 'built'
}

# The compiler: gcc with musl instead of glibc, static unless the caller names another kind.
write_cc() {
    cat <<EOF
#!/bin/sh
# Made by tools/deps: $GCC for static programs with musl.
case " \$* " in *" -static-pie "* | *" -shared "* | *" -r "*) static= ;; *) static=-static ;; esac
exec $GCC \$static "\$@" -idirafter $PREFIX/musl/kernel -specs $PREFIX/musl/lib/musl-gcc.specs
EOF
}

# Compiles sources into one archive. Objects are sorted and undated, so the archive is reproducible.
archive() { # lib.a "flags" source...
    local lib=$1 flags build
    read -ra flags <<<"${2//$'\n'/ }"
    shift 2
    build=$PREFIX/build/${lib##*/}
    rm -rf "$build"
    mkdir -p "$build" "${lib%/*}"
    (
        cd "$build" &&
            printf '%s\0' "$@" |
            xargs -0 -P "$JOBS" -I'{}' "$PREFIX/bin/cc" "${COMMON[@]}" "${flags[@]}" -c '{}' &&
            "$PREFIX/bin/ar" rcsD new.a ./*.o
    ) >>"$LOG" 2>&1 || fail "${lib##*/} does not build for $ARCH: see the log"
    mv "$build/new.a" "$lib"
    rm -rf "$build"
}

# mbedTLS with one program's configuration, which replaces the default one among the headers: users
# need no -D, and cannot see other structs than the library does.
build_mbedtls() { # program "flags"
    local program=$1 flags=$2 config id new own=()
    config=$ROOT/platform/linux/tls/mbedtls_${program}_config.h
    [ -e "$config" ] || fail "$config is missing: the source tree is not complete"
    case $program in ag*) ;; *) own=("$(<"$config")") ;; esac
    source_of mbedtls
    id=$(hash_of $RECIPE_mbedtls "$(<"$PREFIX/stamp/musl")" "$SOURCE_ID" "$flags" "${COMMON[*]}" \
        "$(cat "$ROOT"/platform/linux/tls/mbedtls_ag*_config.h)" "${own[@]}")
    is_current "$PREFIX/stamp/mbedtls_$program" "$id" && return
    step_begin "mbedtls $SOURCE_VERSION for $ARCH, $program"

    new=$PREFIX/build/$program
    rm -rf "$new"
    mkdir -p "$new/lib" "$new/include"
    cp -R "$SOURCE_DIR/include/mbedtls" "$SOURCE_DIR/include/psa" "$new/include/"
    cp "$config" "$new/include/mbedtls/mbedtls_config.h"
    # The others begin with the agent's.
    cp "$ROOT/platform/linux/tls/mbedtls_agent_config.h" "$new/include/mbedtls/"
    archive "$new/lib/libmbedtls.a" "$flags -I$new/include -I$SOURCE_DIR/library" "$SOURCE_DIR"/library/*.c

    rm -rf "$PREFIX/$program.old"
    [ ! -e "$PREFIX/$program" ] || mv "$PREFIX/$program" "$PREFIX/$program.old"
    mv "$new" "$PREFIX/$program"
    rm -rf "$PREFIX/$program.old"
    echo "$id" >"$PREFIX/stamp/mbedtls_$program"
    step_end 'built'
}

# The three that need no more than a compiler call: library, header, and where the header goes.
build_library() { # name "flags" include-dir header source...
    local name=$1 flags=$2 include=$3 header=$4 id
    shift 4
    id=$(hash_of $RECIPE_library "$(<"$PREFIX/stamp/musl")" "$SOURCE_ID" "$flags" "${COMMON[*]}")
    is_current "$PREFIX/stamp/$name" "$id" && return
    step_begin "$name $SOURCE_VERSION for $ARCH"
    archive "$PREFIX/lib/lib$name.a" "$flags" "$@"
    mkdir -p "$PREFIX/include/$include"
    cp "$header" "$PREFIX/include/$include"
    echo "$id" >"$PREFIX/stamp/$name"
    step_end 'built'
}

build_protobuf_c() {
    source_of protobuf-c
    build_library protobuf-c "$FLAGS_PROTOBUF_C -I$SOURCE_DIR" protobuf-c \
        "$SOURCE_DIR/protobuf-c/protobuf-c.h" "$SOURCE_DIR/protobuf-c/protobuf-c.c"
}

build_yyjson() {
    source_of yyjson
    build_library yyjson "$FLAGS_YYJSON" . "$SOURCE_DIR/src/yyjson.h" "$SOURCE_DIR/src/yyjson.c"
}

ZLIB_SOURCES='adler32.c crc32.c inffast.c inflate.c inftrees.c zutil.c'

build_zlib() {
    local file sources=()
    source_of zlib
    for file in $ZLIB_SOURCES; do sources+=("$SOURCE_DIR/$file"); done
    mkdir -p "$PREFIX/include/zlib"
    cmp -s "$SOURCE_DIR/zconf.h" "$PREFIX/include/zlib/zconf.h" ||
        cp "$SOURCE_DIR/zconf.h" "$PREFIX/include/zlib/"
    build_library zlib "$FLAGS_ZLIB" zlib "$SOURCE_DIR/zlib.h" "${sources[@]}"
}

build_sqlite() {
    local shim=$TOOLS/deps.d/sqlite_getcwd.h copy
    # A copy named by its content, so that the flags tell when it changes.
    copy=$PREFIX/build/$(hash_of "$(<"$shim")").h
    [ -e "$copy" ] || cp "$shim" "$copy"
    sqlite_source
    build_library sqlite3 "$FLAGS_SQLITE -include $copy" . \
        "$SOURCE_DIR/sqlite3.h" "$SOURCE_DIR/sqlite3.c"
}

# libcurl beside its mbedTLS. Its configure script finds out what the C library has; its makefiles, which want
# the parts that stay packed, are not used. That it comes with TLS is said by FLAGS_CURL.
build_curl() {
    local id build flags new
    source_of curl
    id=$(hash_of $RECIPE_curl "$(<"$PREFIX/stamp/mbedtls_http")" "$SOURCE_ID" "$FLAGS_CURL" "$CURL_OPTIONS" \
        "${COMMON[*]}")
    is_current "$PREFIX/stamp/curl" "$id" && return
    step_begin "curl $SOURCE_VERSION for $ARCH"
    build=$PREFIX/build/curl
    rm -rf "$build"
    mkdir -p "$build"
    (
        cd "$build" &&
            # shellcheck disable=SC2086 # options are words
            CC=$PREFIX/bin/cc AR=$PREFIX/bin/ar "$SOURCE_DIR/configure" --host="${TRIPLE%%-*}-linux-musl" \
                $CURL_OPTIONS --no-create &&
            ./config.status lib/curl_config.h
    ) >>"$LOG" 2>&1 || fail "curl cannot be configured for $ARCH: see the log"
    flags="$FLAGS_CURL -I$build/lib -I$SOURCE_DIR/include -I$SOURCE_DIR/lib -I$PREFIX/http/include"
    archive "$PREFIX/http/lib/libcurl.a" "$flags" "$SOURCE_DIR"/lib/*.c "$SOURCE_DIR"/lib/*/*.c
    new=$PREFIX/http/include/curl
    rm -rf "$new"
    cp -R "$SOURCE_DIR/include/curl" "$new"
    rm -rf "$build"
    echo "$id" >"$PREFIX/stamp/curl"
    step_end 'built'
}

# Debian ships SQLite as many files. Its own script joins them into one, with a small Tcl that it
# brings along (jimsh) and the machine's gcc; the result is the same on every machine. The npm
# package, our second source, holds the joined file already.
sqlite_source() {
    local joined
    source_of sqlite3
    joined=$SOURCE_DIR/deps/sqlite3
    if [ ! -e "$joined/sqlite3.c" ]; then
        joined=$DIR/src/sqlite3-joined-$SOURCE_VERSION-${SOURCE_ID:0:8}
        [ -e "$joined" ] || join_sqlite "$joined"
    fi
    SOURCE_DIR=$joined
}

join_sqlite() ( # folder
    lock sqlite
    [ ! -e "$1" ] || exit 0
    step_begin "sqlite3 $SOURCE_VERSION into one file"
    rm -rf "$1.new" "$1.build"
    mkdir -p "$1.new" "$1.build"
    (
        cd "$1.build" &&
            CC=gcc "$SOURCE_DIR/configure" --disable-tcl --disable-readline &&
            make sqlite3.c &&
            cp sqlite3.c sqlite3.h "$1.new/"
    ) >>"$LOG" 2>&1 || fail "SQLite's sources cannot be joined: see the log"
    mv "$1.new" "$1"
    rm -rf "$1.build"
    step_end 'made'
)
