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

failed=()
for version in "${versions[@]}"; do
  folder=.cache/node-$version
  [ -x "$folder/node_modules/node/bin/node" ] || npm install --no-audit --no-fund --no-save --prefix "$folder" "node@$version" || exit 1
  bin=$PWD/$folder/node_modules/node/bin
  echo "Node.js $("$bin/node" --version)"
  PATH=$bin:$PATH node node_modules/vitest/vitest.mjs run "$@" || failed+=("$version")
done
[ "${#failed[@]}" = 0 ] || { echo "failed on Node.js ${failed[*]}"; exit 1; }
