#!/usr/bin/env bash
# nodes.sh [VERSION ...] [-- ARGUMENTS OF VITEST]: runs the tests on other versions of Node.js, which npm installs into .cache/.
# Without arguments: unit and integration tests on 20, 22 and 24.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
versions=()
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  versions+=("$1")
  shift
done
[ "${#versions[@]}" -gt 0 ] || versions=(20 22 24)
[ "$#" -gt 0 ] && shift
[ "$#" -gt 0 ] || set -- --project unit --project integration

# A simulation has the same digest on every version.
digest() { node --import tsx src/cli/main.ts simulate --hours 0.03 --rate 20/s --json | sed -E 's/.*"digest":"([0-9a-f]+)".*/\1/'; }

failed=()
digests=()
for version in "${versions[@]}"; do
  folder=.cache/node-$version
  [ -x "$folder/node_modules/node/bin/node" ] || npm install --no-audit --no-fund --no-save --prefix "$folder" "node@$version" || exit 1
  bin=$PWD/$folder/node_modules/node/bin
  echo "Node.js $("$bin/node" --version)"
  digests+=("$(PATH=$bin:$PATH digest)")
  PATH=$bin:$PATH node node_modules/vitest/vitest.mjs run "$@" || failed+=("$version")
done
[ -n "${digests[0]}" ] && [ "$(printf '%s\n' "${digests[@]}" | sort -u | wc -l)" = 1 ] || { echo "simulations differ: ${digests[*]}"; exit 1; }
[ "${#failed[@]}" = 0 ] || { echo "failed on Node.js ${failed[*]}"; exit 1; }
