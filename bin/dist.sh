#!/bin/sh
# Makes target/dist/micro-integrator/, a home that needs nothing but itself, and a tarball of it. With --wasm the binary has
# the engine for components (docs/guide/extending.md), which makes it about twice as large.
set -eu
root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
features=
case ${1-} in
  '') ;;
  --wasm) features='--features wasm' ;;
  *)
    echo "dist.sh: unknown option $1; there is --wasm" >&2
    exit 1
    ;;
esac
# shellcheck disable=SC2086
cargo build --release --package mi-server $features
dist=$target/dist
home=$dist/micro-integrator
rm -rf "$home"
mkdir -p "$home/bin" "$home/conf" "$home/logs"
install -m 755 bin/micro-integrator.sh "$home/bin/micro-integrator.sh"
install -m 755 "$target/release/micro-integrator" "$home/bin/micro-integrator"
cp -R conf/. "$home/conf/"
cp -R registry "$home/registry"
cp -R dbscripts "$home/dbscripts"
for folder in api endpoints sequences proxy-services templates tasks local-entries message-stores message-processors \
  inbound-endpoints imports; do
  mkdir -p "$home/deployment/server/synapse-configs/default/$folder"
done
# The two sequences that every server has; the sample integration stays in the source.
for sequence in main fault; do
  file=deployment/server/synapse-configs/default/sequences/$sequence.xml
  cp "$file" "$home/$file"
done
mkdir -p "$home/deployment/server/carbonapps" "$home/deployment/server/synapse-libs" "$home/deployment/server/dataservices"
mkdir -p "$home/registry/config" "$home/registry/governance" "$home/registry/local"
cp LICENSE README.md "$home/" 2>/dev/null || cp README.md "$home/"
version=$("$home/bin/micro-integrator" version | awk '{print $NF}')
tar -C "$dist" -czf "$dist/micro-integrator-$version.tar.gz" micro-integrator
du -sh "$home" "$dist/micro-integrator-$version.tar.gz"
