# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# What is taken from outside, in which version, and the hash it must have.
#
# One line per acceptable tarball, best first: name | version | suite of the Debian archive where it
# was last seen | file name | sha256. The suite is only a hint: all suites are searched for the hash.
# A suite npm:PACKAGE@VERSION means an npm package that carries the sources.
# Debian's originals of musl, mbedTLS and protobuf-c are the upstream releases byte for byte, so a
# tarball from anywhere else fits too (DEPS_FROM=dir:PATH). Those of SQLite, yyjson and zlib are repacked.
PINS='
musl|1.2.5|trixie|musl_1.2.5.orig.tar.gz|a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4
mbedtls|3.6.7|forky|mbedtls_3.6.7.orig.tar.bz2|a7e8bcbec0e6f761b4af24f25677626b35f762f68eef79c08677a363212d11f6
mbedtls|3.6.6|trixie|mbedtls_3.6.6.orig.tar.bz2|8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a
protobuf-c|1.5.1|trixie|protobuf-c_1.5.1.orig.tar.gz|20d1dc257da96f8ddff8be4dd9779215bbd0a6069ed53bbe9de38fa7629be06b
protobuf-c|1.4.1|bookworm|protobuf-c_1.4.1.orig.tar.gz|4cc4facd508172f3e0a4d3a8736225d472418aee35b4ad053384b137b220339f
sqlite3|3.53.4|forky|sqlite3_3.53.4.orig.tar.xz|05366adc8ee80c6b1faa71285b49d133c2121238ca58934b077fdeb95934abd4
sqlite3|3.53.2|npm:better-sqlite3@12.11.1|better-sqlite3-12.11.1.tgz|ebf0ed75a7a59dbcb3b24bbd014ef49d9f15bc328e4adcbf516f2a8fadfa2835
zlib|1.3.1|trixie|zlib_1.3.dfsg+really1.3.1.orig.tar.gz|60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb
zlib|1.2.13|bookworm|zlib_1.2.13.dfsg.orig.tar.bz2|71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
yyjson|0.10.0|trixie|yyjson_0.10.0+ds.orig.tar.xz|ae6fde69a193e10afab426ef13f113d6903446405f9db9ee98bfb572bd6c961a
curl|8.22.0|forky|curl_8.22.0.orig.tar.gz|d54dd598bf05927a726deb38df31c6a255ba83ff1de57c5d1464dac3ed8f44a1
'

# When no pinned file is left in any suite, the newest version of this series is taken on the word of
# the archive's signature alone, with a warning; NEPHOS_DEPS_STRICT=1 refuses instead.
# musl has no series: one version, without patches. Its known faults since (qsort, iconv) are in functions
# that no program of ours may call: the Makefile links without them.
SERIES_mbedtls='3.6.*'
SERIES_protobuf_c='1.5.*'
SERIES_sqlite3='3.*'
SERIES_yyjson='0.*'
SERIES_zlib='1.*'
SERIES_curl='8.*'

# Debian releases newer than the machine's own that may hold a version we want. Ubuntu and others
# search their own release, then nothing: there DEPS_FROM=dir:PATH is the way.
SUITES_debian='trixie forky sid'

# From npm: package | version | sha512 as npm states it | sha256 of the same tarball.
UPLOT_VERSION=1.6.32
UPLOT_INTEGRITY='sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=='
UPLOT_SHA256=4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d
LIT_VERSION=3.3.3
LIT_INTEGRITY='sha512-el8M6jK2o3RXBnrSHX3ZKrsN8zEV63pSExTO1wYJz7QndGYZ8353e2a5PPX+qHe2aGayfnchQmkAojaWAREOIA=='
LIT_SHA256=ae004138a6327c362fee8e48db2a8ee9619a6ca3014c802857395e6ac447a0eb
ESBUILD_VERSION=0.28.2
ESBUILD_INTEGRITY_x64='sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ=='
ESBUILD_SHA256_x64=9573bb2233aab0f9ea7647d5cca9726113cc1768de61d66b17267f4db84488f6
ESBUILD_INTEGRITY_arm64='sha512-pW4AC0P3it8c7do9MVM4p51FzHzdM/TZrerurgRcHJ2WTa1VQ1CIq18xncfpBJw4ojkiZZrKW2yIBWBP92j6Ug=='
ESBUILD_SHA256_arm64=a96dbfa41d3ef5dbd1ef22b1c10d5187be9267e86093a870f06402a7ec931596
WS_VERSION=8.18.3
WS_INTEGRITY='sha512-PEIGCY5tSlUt50cqyMXfCzX+oOPqN0vuGqWzbcJ2xvnkzkq46oOpz7dQaTDBdfICb4N14+GARUDw2XV2N4tvzg=='
WS_SHA256=424be604c8e7926fc29a1f067bf2dac256af3bcea62fe30395018bbaf8a9be2a
# Vultr's own client of its API.
VULTR_VERSION=2.8.0
VULTR_INTEGRITY='sha512-NYfrj5DGxylHxaonKKC6Yd2RzM4AeKi69Isas2QZneRjzC7OB2JWcwp53W7F9J0zaJDxr0DPHPmzYg6ETD1yhA=='
VULTR_SHA256=ca00c2c6570ead434c10f9f432352eb4ff626bad29930107567832f23af70dff

# Debian and Ubuntu packages by purpose.
PACKAGES_build='gcc libc6-dev linux-libc-dev make protobuf-c-compiler protobuf-compiler xz-utils bzip2
    git ca-certificates curl'
PACKAGES_build_web='nodejs npm'  # only when no npm is on PATH
PACKAGES_cross='gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf linux-libc-dev-arm64-cross
    linux-libc-dev-armhf-cross qemu-user-static'
PACKAGES_cross_on_aarch64='gcc-x86-64-linux-gnu gcc-arm-linux-gnueabihf linux-libc-dev-amd64-cross
    linux-libc-dev-armhf-cross qemu-user-static'
PACKAGES_riscv='gcc-riscv64-linux-gnu linux-libc-dev-riscv64-cross qemu-user-static'
PACKAGES_test='libcmocka-dev clang strace python3 procps sysstat iproute2' # and libclang-rt-N-dev
# Unpacked, not installed (peers.sh).
PACKAGES_exporter='prometheus-node-exporter'
PACKAGES_prometheus='prometheus'
PACKAGES_pressure='slowhttptest wrk testssl.sh'
PACKAGES_stress='stress-ng'
PACKAGES_zopfli='zopfli'  # makes what gzip makes, smaller; without it gzip does
PACKAGES_chromium='chromium'  # only when none is on PATH
PACKAGES_mail='python3-aiosmtpd python3-public python3-attr'
PACKAGES_peers='prometheus-node-exporter collectd-core netdata-core netdata-plugins-bash'
