#!/bin/sh
# Builds the Debian package around a binary that is built already, for the machine that it runs on:
#
#   packaging/debian/build.sh BINARY FOLDER [COMPRESSION] [LEVEL]
#
# and prints the path of the package. The same binary gives the same package, byte by byte.
set -eu

binary=$(realpath "${1:?which binary?}")
out=$(realpath "${2:?into which folder?}")
compression=${3:-xz}
level=${4:-6}
maintainer='The Hallpass contributors <hallpass@example.com>'
packaging=$(dirname "$(dirname "$(realpath "$0")")")
root=$(dirname "$packaging")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/stage
doc=$stage/usr/share/doc/hallpass
# Whatever the account that builds is used to.
umask 022

# Times of the files: of the last commit, or a moment that is always the same.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH

put() { install -D --mode="$1" "$2" "$stage/$3"; }

put 755 "$binary" usr/bin/hallpass
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$stage/usr/bin/hallpass"
put 755 "$packaging/debian/hallpassctl" usr/sbin/hallpassctl
put 644 "$packaging/hallpass.toml" etc/hallpass/hallpass.toml
put 644 "$packaging/systemd/hallpass.service" lib/systemd/system/hallpass.service
put 644 "$packaging/systemd/hallpass.sysusers" usr/lib/sysusers.d/hallpass.conf
put 644 "$packaging/systemd/hallpass.tmpfiles" usr/lib/tmpfiles.d/hallpass.conf

# What the binary says of itself, without the settings of whoever builds.
hallpass() { env --chdir="$work" -i "$binary" "$@"; }
version=$(hallpass --version | cut -d' ' -f2)-1
mkdir -p "$stage/usr/share/bash-completion/completions" "$stage/usr/share/zsh/vendor-completions" \
    "$stage/usr/share/fish/vendor_completions.d" "$doc/examples"
hallpass completions bash >"$stage/usr/share/bash-completion/completions/hallpass"
hallpass completions zsh >"$stage/usr/share/zsh/vendor-completions/_hallpass"
hallpass completions fish >"$stage/usr/share/fish/vendor_completions.d/hallpass.fish"
hallpass config example >"$doc/examples/hallpass.toml"

put 644 "$packaging/debian/hallpass.8" usr/share/man/man8/hallpass.8
put 644 "$packaging/debian/hallpassctl.8" usr/share/man/man8/hallpassctl.8
gzip --best --no-name "$stage"/usr/share/man/man8/*.8
put 644 "$packaging/debian/copyright" usr/share/doc/hallpass/copyright
put 644 "$root/CHANGELOG.md" usr/share/doc/hallpass/changelog
cat >"$doc/changelog.Debian" <<CHANGELOG
hallpass ($version) unstable; urgency=medium

  * See changelog.gz.

 -- $maintainer  $(LC_ALL=C date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
CHANGELOG
gzip --best --no-name "$doc"/changelog*
cp -R "$root/docs" "$doc/docs"
for example in proxy/nginx.conf proxy/haproxy.cfg gateway.toml systemd/hallpass-gateway.service \
    proxy/gateway-nginx.conf proxy/gateway.Caddyfile proxy/gateway-haproxy.cfg \
    proxy/gateway-envoy.yaml proxy/gateway-traefik.yml; do
    put 644 "$packaging/$example" "usr/share/doc/hallpass/examples/${example##*/}"
done
put 644 "$root/ops/alerts.yml" usr/share/doc/hallpass/examples/alerts.yml
put 644 "$root/ops/grafana-dashboard.json" usr/share/doc/hallpass/examples/grafana-dashboard.json

# The C library that the binary was linked with, or newer. dpkg-shlibdeps wants a source package.
mkdir -p "$work/debian" "$stage/DEBIAN"
printf 'Source: hallpass\n\nPackage: hallpass\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O -estage/usr/bin/hallpass | sed -n 's/^shlibs:Depends=//p')

cat >"$stage/DEBIAN/control" <<CONTROL
Package: hallpass
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: $maintainer
Installed-Size: $(du --summarize --block-size=1K --apparent-size "$stage" | cut -f1)
Depends: $libraries
Recommends: ca-certificates
Suggests: haproxy | nginx, postgresql
Section: net
Priority: optional
Description: API-credential server with tokens that can be revoked
 Customers of an API make credentials in a dashboard, exchange them at a
 standard OAuth 2.0 token endpoint for a JSON Web Token of 24 hours, and call
 the API with it. When a credential is revoked, its tokens die at every
 connected verifier within a second.
 .
 State is kept in SQLite, or in a PostgreSQL that many nodes share.
CONTROL
echo /etc/hallpass/hallpass.toml >"$stage/DEBIAN/conffiles"
for script in postinst prerm postrm; do
    put 755 "$packaging/debian/$script" "DEBIAN/$script"
done
(cd "$stage" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

find "$stage" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group "-Z$compression" "-z$level" --build "$stage" "$out" >&2
echo "$out/hallpass_${version}_$(dpkg --print-architecture).deb"
