# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sources: from the machine's own package archive, or from a folder the user names; always checked
# against pins.sh. The machine's APT configuration is read, never changed: a private copy of it asks
# for sources, of this release and of newer ones, with the same mirrors and the same keys.

# Options that point APT at the private copy for one suite.
apt_options() { # suite
    local private=$APT_DIR/$1
    APT_OPTIONS=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$private/sources.d"
        -o "Dir::State::Lists=$private/lists" -o "Dir::Cache=$private/cache"
        -o APT::Sandbox::User=root)
}

# Writes the private copy for a suite and reads its index once per run. False when it has none.
apt_prepare() { # suite
    local suite=$1 private=$APT_DIR/$1 own file
    [ -e "$private/ready" ] && return 0
    [ -e "$private/failed" ] && return 1
    own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$own" ] || return 1
    mkdir -p "$private/sources.d" "$private/lists/partial" "$private/cache/archives/partial"

    # Only sources that speak of the machine's own release are of use: a vendor's extra repository
    # has no sources we want, and may have no sources at all.
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -e "$file" ] || continue
        grep -v '^#' "$file" | awk -v RS= -v own="$own" -v suite="$suite" '
            $0 !~ "Suites:[^\n]*" own { next }
            { gsub(/Types:[^\n]*/, "Types: deb-src"); gsub(own, suite)
              # Testing and unstable are plain: they have no -updates, -security or -backports.
              if (suite ~ /^(forky|sid)$/) gsub(suite "-[a-z-]+", "")
              if ($0 !~ /Suites:[ \t]*(\n|$)/) print $0 "\n" }' \
            >"$private/sources.d/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -e "$file" ] || continue
        sed -n "/^deb .* $own/s/^deb /deb-src /p" "$file" | sed "s/$own/$suite/g" |
            { case $suite in forky | sid) grep -v " $suite-" || true ;; *) cat ;; esac } \
            >"$private/sources.d/$(basename "$file")"
    done

    apt_options "$suite"
    if apt-get "${APT_OPTIONS[@]}" update >>"$LOG" 2>&1; then
        touch "$private/ready"
    else
        touch "$private/failed"
        return 1
    fi
}

# The suites to search: the hinted one first, then all others we know of.
apt_suites() { # hint
    local id own suite
    id=$(. /etc/os-release && echo "$ID")
    own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ "$id" = debian ] && [ -n "$1" ] && echo "$1"
    for suite in $own $([ "$id" = debian ] && echo "$SUITES_debian"); do
        [ "$suite" = "$1" ] || echo "$suite"
    done
}

# Lists the original tarballs of a package in a suite, newest version first: "uri file sha256".
apt_tarballs() { # suite package
    local version
    apt_options "$1"
    apt-cache "${APT_OPTIONS[@]}" showsrc "$2" 2>>"$LOG" | sed -n 's/^Version: //p' | sort -rVu |
        while read -r version; do
            apt-get "${APT_OPTIONS[@]}" source --print-uris --tar-only "$2=$version" 2>>"$LOG" |
                sed -n "s/^'\([^']*\)' \([^ ]*\.orig\.tar\.[a-z0-9]*\) [0-9]* SHA256:\(.*\)/\1 \2 \3/p"
        done
}

# Fetches one tarball and lets APT's helper check the hash.
apt_download() { # uri file sha256
    rm -f "$DIR/dl/$2.part"*
    /usr/lib/apt/apt-helper "${APT_OPTIONS[@]}" download-file \
        "$1" "$DIR/dl/$2.part" "SHA256:$3" >>"$LOG" 2>&1 || return 1
    mv "$DIR/dl/$2.part" "$DIR/dl/$2"
}

has_hash() { # file sha256
    [ -e "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]
}

# Every way to one pinned tarball. Returns false when there is none.
fetch_pinned() { # package suite file sha256
    local package=$1 suite=$2 file=$3 sha256=$4 place uri name hash
    has_hash "$DIR/dl/$file" "$sha256" && return 0

    case $suite in npm:*) fetch_npm "${suite#npm:}" "$file" "$sha256" && return 0 || return 1 ;; esac

    # A folder the user filled. Upstream and Debian name the same bytes differently, so look at all.
    case ${DEPS_FROM:-} in
    dir:*)
        for place in "${DEPS_FROM#dir:}"/*.tar.*; do
            has_hash "$place" "$sha256" && cp "$place" "$DIR/dl/$file" && return 0
        done
        return 1
        ;;
    esac

    for place in $(apt_suites "$suite"); do
        apt_prepare "$place" || continue
        while read -r uri name hash; do
            [ "$hash" = "$sha256" ] || continue
            apt_options "$place"
            apt_download "$uri" "$file" "$sha256" && return 0
        done < <(apt_tarballs "$place" "$package")
    done
    return 1
}

# The newest of the wanted series in any suite, trusted for the archive's signature only.
fetch_series() { # package; prints "version file sha256"
    local package=$1 series uri name hash version place
    series=SERIES_${package//-/_}
    series=${!series:-}
    [ -n "$series" ] || return 1
    case ${DEPS_FROM:-} in dir:*) return 1 ;; esac
    [ "${NEPHOS_DEPS_STRICT:-0}" != 1 ] || return 1
    while read -r version place uri name hash; do
        # shellcheck disable=SC2053 # the series is a pattern
        [[ $version == $series ]] || continue
        apt_options "$place"
        apt_download "$uri" "$name" "$hash" || continue
        echo "$version $name $hash"
        return 0
    done < <(
        for place in $(apt_suites ''); do
            apt_prepare "$place" || continue
            apt_tarballs "$place" "$package" | while read -r uri name hash; do
                version=${name#*_}
                echo "${version%%.orig*} $place $uri $name $hash"
            done
        done | sort -rV
    )
    return 1
}

# Makes sure that a package's tarball is in dl/ and unpacked in src/, and sets SOURCE_DIR,
# SOURCE_VERSION and SOURCE_ID (the hash). What was chosen is remembered in dl/PACKAGE.chosen, so
# the archive is asked once; editing pins.sh asks again.
source_of() { # package
    local fetched
    fetched=$(fetch_source "$1") || exit 1
    read -r SOURCE_VERSION SOURCE_ID SOURCE_DIR <<<"$fetched"
}

# The same in a subshell that holds the lock of dl/ and src/; prints the three.
fetch_source() { # package
    local package=$1 chosen=$DIR/dl/$1.chosen wanted name version suite file sha256
    lock sources
    mkdir -p "$DIR/dl" "$DIR/src"
    wanted=$(grep "^$package|" <<<"$PINS" | sha256sum | cut -c1-16)
    if [ ! -e "$chosen" ] || ! grep -q "^$wanted " "$chosen"; then
        need_archive_tools
        step_begin "fetch $package"
        version=
        while IFS='|' read -r name version suite file sha256; do
            fetch_pinned "$name" "$suite" "$file" "$sha256" && break
            say "$name $version ($file) is not in the archive"
            version=
        done < <(grep "^$package|" <<<"$PINS")
        if [ -z "$version" ]; then
            read -r version file sha256 < <(fetch_series "$package") ||
                fail "no usable source of $package: put one of the files of tools/deps.d/pins.sh" \
                    "into a folder and run DEPS_FROM=dir:FOLDER tools/deps ..."
            say "WARNING: $package $version ($file) is not pinned; only the archive's signature vouches for it"
        fi
        echo "$wanted $version $file $sha256" >"$chosen.new"
        mv "$chosen.new" "$chosen"
        step_end 'found'
    fi
    read -r _ version file sha256 <"$chosen"
    name=$DIR/src/$package-$version-${sha256:0:8}
    [ -e "$name" ] || unpack "$DIR/dl/$file" "$sha256" "$name"
    echo "$version $sha256 $name"
}

# Unpacks beside and renames, so a folder that exists is complete. Tests and documents stay packed.
unpack() { # tarball sha256 folder
    has_hash "$1" "$2" || { rm -f "$DIR/dl/"*.chosen; fail "$1 is damaged: run tools/deps again"; }
    rm -rf "$3.new"
    mkdir -p "$3.new"
    tar -xf "$1" -C "$3.new" --strip-components=1 --no-same-owner \
        --exclude='*/test/*' --exclude='*/tests/*' --exclude='*/programs/*' --exclude='*/visualc/*' \
        --exclude='*/doc/*' --exclude='*/docs/*' >>"$LOG" 2>&1 || fail "cannot unpack $1"
    mv "$3.new" "$3"
}

need_archive_tools() {
    case ${DEPS_FROM:-} in dir:*) return ;; esac
    command -v apt-get >/dev/null && [ -x /usr/lib/apt/apt-helper ] ||
        fail "no APT here: put the files of tools/deps.d/pins.sh into a folder and run" \
            "DEPS_FROM=dir:FOLDER tools/deps ..."
}
