#!/bin/sh
# Run inside the root of Debian 11: compile the Python 3.11 and the OpenSSL of Debian 12's source packages into /opt, for
# glibc 2.28 and later. /opt/*/source names what was compiled; the same is not compiled again.
set -eu
parts=/srv/parts
log=/srv/compile.log
apt-get -q update >"$log" 2>&1

# What a mirror of the security archive does not hold, the last point release has.
rm -rf /srv/src && mkdir /srv/src && cd /srv/src
for package in python3.11 openssl; do
    apt-get -q source --download-only "$package" >>"$log" 2>&1 ||
        { rm -f "$package"_*; apt-get -q source --download-only "$package/bookworm" >>"$log" 2>&1; }
done
version_of() { sed -n 's/^Version: //p' "$1"_*.dsc; }
recipe=$(cat "$parts/compile.sh" "$parts/glibc.h" | sha256sum | cut -c -12)

openssl="openssl $(version_of openssl)"
if [ "$(cat /opt/openssl/source 2>/dev/null)" != "$openssl" ]; then
    rm -rf /opt/openssl /opt/python
    dpkg-source --no-check -x openssl_*.dsc >>"$log" 2>&1
    (
        cd openssl-*/
        ./config no-shared no-tests no-module no-legacy no-engine -fPIC \
            --prefix=/opt/openssl --libdir=lib --openssldir=/etc/ssl
        make -j"$(nproc)" build_libs
        make install_dev
    ) >>"$log" 2>&1
    # What a static libcrypto needs follows it, wherever Python's build names it.
    echo 'INPUT(-l:libcrypto.a -lpthread -ldl)' >/opt/openssl/lib/libcrypto.so
    echo "$openssl" >/opt/openssl/source
fi

python="python3.11 $(version_of python3.11) recipe $recipe"
if [ "$(cat /opt/python/source 2>/dev/null)" != "$python" ]; then
    rm -rf /opt/python
    dpkg-source --no-check -x python3.11_*.dsc >>"$log" 2>&1
    (
        cd python3.11-*/
        {
            echo '*disabled*'
            printf '%s\n' _bz2 _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _crypt _curses _curses_panel \
                _dbm _elementtree _gdbm _lsprof _lzma _sqlite3 _tkinter _uuid _xxsubinterpreters audioop nis ossaudiodev pyexpat \
                readline spwd xxlimited xxlimited_35
        } >Modules/Setup.local
        # What glibc gained after 2.28 is not used.
        ./configure --prefix=/opt/python --enable-shared --without-static-libpython --disable-test-modules --without-ensurepip \
            --with-openssl=/opt/openssl CFLAGS="-include $parts/glibc.h" LDFLAGS=-Wl,-rpath,/opt/python/lib \
            LIBS="-ldl -lpthread" ac_cv_func_sem_clockwait=no ac_cv_func_pthread_cond_clockwait=no
        make -j"$(nproc)"
        make bininstall libinstall sharedinstall
        /opt/python/bin/python3.11 -c 'import ctypes, hashlib, math, ssl, zlib; assert ssl.OPENSSL_VERSION.startswith("OpenSSL 3")'
    ) >>"$log" 2>&1
    echo "$python" >/opt/python/source
fi
cd / && rm -rf /srv/src
