# shellcheck shell=bash
# Docker for `.ci/compose`, sourced from the root of the checkout: `provide_docker` provides a daemon, Compose, and the
# base images of the Dockerfile and docker-compose.yml; `release_docker` stops the daemon if it is ours.
#
# If a daemon and an image registry respond, nothing is built. Otherwise (root on Debian, no registry) a daemon of our own
# is started and the images are built from packages; see images.sh. Results that take long are kept in FDP_CONTAINERS.
containers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kept=${FDP_CONTAINERS:-${XDG_CACHE_HOME:-$HOME/.cache}/fdp-containers}
compose_version=v2.40.3
our_daemon=
our_bridge=
base_images=(
  "node:$(sed -n 's/^ARG NODE_VERSION=//p' Dockerfile)-slim"
  "$(sed -n 's/^ *image: \(apache\/kafka:.*\)/\1/p' docker-compose.yml)"
  "$(sed -n 's/^ *image: \(mongo:.*\)/\1/p' docker-compose.yml)"
)

note() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }
answers() { timeout 20 docker version > /dev/null 2>&1; }
# quietly LOG COMMAND...: shows the command's output only when it fails.
quietly() {
  local log=$kept/log/$1
  shift
  mkdir -p "$kept/log"
  "$@" > "$log" 2>&1 || { tail -n 30 "$log" >&2; return 1; }
}

# Returns 1 with a reason if Docker is not available.
provide_docker() {
  answers || start_daemon || return 1
  docker compose version > /dev/null 2>&1 || build_compose || return 1
  pull_images || { note 'no image registry answers: images of the same names are made from packages'; bash "$containers/images.sh" "${base_images[@]}"; }
}

pull_images() {
  local image
  for image in "${base_images[@]}"; do
    docker image inspect "$image" > /dev/null 2>&1 || timeout 300 docker pull --quiet "$image" > /dev/null 2>&1 || return 1
  done
}

start_daemon() {
  [ "$(id -u) $(uname -s)" = '0 Linux' ] || { note 'no Docker daemon answers, and only root can start one'; return 1; }
  if ! command -v dockerd > /dev/null; then
    command -v apt-get > /dev/null || { note 'no Docker daemon answers, and there is no dockerd'; return 1; }
    quietly apt eval 'apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io iptables iproute2' || return 1
  fi
  mkdir -p "$kept/log"
  export DOCKER_HOST=unix://$kept/docker.sock
  our_daemon=$kept/dockerd.pid
  answers && return # left by an interrupted run
  rm -f "$our_daemon" "$kept/docker.sock"
  # Another daemon may run on this machine: its bridge is shared, with addresses that it does not assign.
  local addresses
  addresses=$(ip -4 -o addr show docker0 2> /dev/null | sed -nE 's/.* inet (([0-9]+\.[0-9]+)\.[0-9.]+\/16) .*/--bip \1 --fixed-cidr \2.213.0\/24/p')
  ip link show docker0 > /dev/null 2>&1 || our_bridge=docker0
  # shellcheck disable=SC2086  # flags and their values, or nothing
  setsid dockerd --data-root "$kept/data" --exec-root "$kept/exec" --pidfile "$our_daemon" -H "$DOCKER_HOST" \
    $addresses --default-address-pool base=10.214.0.0/16,size=24 > "$kept/log/dockerd" 2>&1 < /dev/null &
  for _ in $(seq 100); do
    answers && { note "a Docker daemon of our own runs, $(docker version --format '{{.Server.Version}}')"; return; }
    sleep 0.3
  done
  tail -n 20 "$kept/log/dockerd" >&2
  note 'dockerd did not start'
  return 1
}

# Compose is a plugin of the docker client. `go install` refuses it, since its go.mod has an exclusion: it is copied and built.
build_compose() {
  local module=github.com/docker/compose/v2 start=$SECONDS folder
  export DOCKER_CONFIG=$kept/client
  local plugin=$DOCKER_CONFIG/cli-plugins/docker-compose
  [ -x "$plugin" ] && [ "$(cat "$kept/compose.version" 2> /dev/null)" = "$compose_version" ] && return
  command -v go > /dev/null || { note 'docker compose is missing, and there is no Go to build it with'; return 1; }
  mkdir -p "$DOCKER_CONFIG/cli-plugins" "$kept/log"
  (
    export GOPATH=$kept/go GOCACHE=$kept/go/cache GOFLAGS='-modcacherw -buildvcs=false' CGO_ENABLED=0
    folder=$(cd / && go mod download -json "$module@$compose_version" 2> /dev/null | sed -nE 's/^\t"Dir": "(.*)",?$/\1/p') &&
      cp -r "$folder" "$kept/go/compose" && chmod -R u+w "$kept/go/compose" && cd "$kept/go/compose" &&
      quietly compose go build -trimpath -ldflags "-s -w -X $module/internal.Version=$compose_version" -o "$plugin" ./cmd
  ) || return 1
  rm -rf "${kept:?}/go"
  echo "$compose_version" > "$kept/compose.version"
  note "docker compose $compose_version: built in $((SECONDS - start)) s"
}

release_docker() {
  [ -n "$our_daemon" ] && [ -f "$our_daemon" ] || return 0
  local pid running
  pid=$(cat "$our_daemon")
  mapfile -t running < <(docker ps --quiet)
  [ "${#running[@]}" = 0 ] || docker stop --time 20 "${running[@]}" > /dev/null
  kill "$pid" 2> /dev/null
  for _ in $(seq 100); do
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.3
  done
  rm -f "$our_daemon"
  [ -z "$our_bridge" ] || ip link del "$our_bridge" 2> /dev/null || true
}
