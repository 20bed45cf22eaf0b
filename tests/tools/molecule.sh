#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs Molecule scenarios in containers: molecule.sh SCENARIO...; without one, it only sets up what they need.
#
# With STEP (create, prepare, check, converge, idempotence, verify, destroy) only that step is carried out,
# and the containers stay. With INVENTORY the hosts are those of that inventory, and no containers are made.
#
# CONTAINER_ENGINE is docker or podman; without it, docker where it runs, else podman, which is installed where root may.
# All that podman keeps is in .cache/containers. The image is built from Debian: from its public image where a registry is
# reachable, else by debootstrap from where this machine's own packages come from. Exit code 3: no container can run here.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
work=$top/.cache/molecule
release=bookworm
python_version=3.11 # of that release
image=localhost/opendomino-mail-host:latest

fail() {
  echo "molecule: $*" >&2
  exit 1
}

cannot() { # no failure of what is tested
  echo "molecule: this machine cannot run containers: $*" >&2
  exit 3
}

install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "missing here: $*. Install them as root (Debian: apt-get install $*), or start Docker, then run again."
  fi
  echo "molecule: installing $* ..."
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

choose_engine() {
  if [ -z "${CONTAINER_ENGINE:-}" ]; then
    CONTAINER_ENGINE=podman
    if command -v docker >/dev/null && docker info >/dev/null 2>&1; then CONTAINER_ENGINE=docker; fi
  fi
  export CONTAINER_ENGINE
  [ "$CONTAINER_ENGINE" = podman ] || return 0
  [ "$(id -u)" = 0 ] ||
    fail "podman gives containers addresses that this machine can reach only as root. Run this as root, or start Docker."
  local missing=() program
  for program in podman:podman runc:runc netavark:netavark iptables:iptables; do
    PATH="$PATH:/usr/sbin:/sbin:/usr/lib/podman:/usr/libexec/podman" command -v "${program%:*}" >/dev/null ||
      missing+=("${program#*:}")
  done
  [ "${#missing[@]}" = 0 ] || install_packages "${missing[@]}"
  configure_podman
}

limit() { # the hard limit of this process, where it has one, but no more than containers need
  local hard
  hard=$(ulimit -H "$1")
  if [ "$hard" = unlimited ] || [ "$hard" -gt "$2" ]; then echo "$2"; else echo "$hard"; fi
}

configure_podman() {
  local place=$top/.cache/containers
  mkdir -p "$place/networks"
  cat >"$place/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$(limit -n 20000):$(limit -n 20000)", "nproc=$(limit -u 10000):$(limit -u 10000)"]
[network]
network_backend = "netavark"
network_config_dir = "$place/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  cat >"$place/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$place/storage"
runroot = "$place/run"
CONF
  export CONTAINERS_CONF=$place/containers.conf CONTAINERS_STORAGE_CONF=$place/storage.conf
}

get_base() { # prints the name of the base image
  local public=docker.io/library/debian:$release-slim own=localhost/opendomino-mail-base:$release
  local -r engine=$CONTAINER_ENGINE
  for name in "$own" "$public"; do
    if "$engine" image inspect "$name" >/dev/null 2>&1; then echo "$name" && return; fi
  done
  if timeout 60 "$engine" pull --quiet "$public" >/dev/null 2>&1; then echo "$public" && return; fi
  echo "molecule: no registry is reachable; making the base image with debootstrap ..." >&2
  command -v debootstrap >/dev/null || PATH="$PATH:/usr/sbin" command -v debootstrap >/dev/null ||
    install_packages debootstrap >&2
  [ "$(id -u)" = 0 ] || fail "debootstrap needs root. Pull $public from a registry, or run this as root."
  local mirror
  # shellcheck disable=SC2016 # apt-get expands it
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' 'Component: main' | head -n 1)
  [ -n "$mirror" ] || fail "this machine has no package source of Debian, and no registry is reachable for $public."
  rm -rf "$work/base"
  mkdir -p "$work/base"
  /usr/sbin/debootstrap --variant=minbase "$release" "$work/base" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    cannot "debootstrap failed, see $work/debootstrap.log: $(tail -n 1 "$work/debootstrap.log")"
  tar -C "$work/base" -c . | "$engine" import - "$own" >/dev/null 2>"$work/import.log" || fail "see $work/import.log"
  rm -rf "$work/base"
  echo "$own"
}

build_image() {
  local packages=$work/packages context=$work/context base
  if [ ! -e "$packages/.ready" ] || [ requirements/lab.txt -nt "$packages/.ready" ]; then
    rm -rf "$packages"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --target "$packages" --only-binary :all: \
      --python-version "$python_version" --constraint requirements/lab.txt aiohttp aiosmtpd dnspython PyYAML
    touch "$packages/.ready"
  fi
  base=$(get_base)
  "$CONTAINER_ENGINE" run --rm "$base" true >"$work/probe.log" 2>&1 || cannot "$(tail -n 1 "$work/probe.log")"
  rm -rf "$context"
  mkdir -p "$context"
  cp -a "$packages" "$context/packages"
  cp -a tests/lab/src/dominolab "$context/"
  cp -a extensions/molecule/image/. "$context/"
  find "$context" -name __pycache__ -prune -exec rm -rf {} +
  "$CONTAINER_ENGINE" build --quiet --network host --build-arg "BASE=$base" --tag "$image" \
    --file "$context/Containerfile" "$context" >"$work/build.log" 2>&1 ||
    fail "the image cannot be built, see $work/build.log: $(tail -n 3 "$work/build.log")"
}

run_scenario() {
  local started=$SECONDS result=0
  [ -e "extensions/molecule/$1/molecule.yml" ] ||
    fail "there is no scenario $1; there are: $(cd extensions/molecule && echo */molecule.yml | sed 's,/molecule.yml,,g')"
  scenario=$1
  export MOLECULE_EPHEMERAL_DIRECTORY=$work/run/$1
  FLEET_INVENTORY=$MOLECULE_EPHEMERAL_DIRECTORY/inventory
  if [ -n "${INVENTORY:-}" ]; then FLEET_INVENTORY=$(realpath "$INVENTORY"); fi
  export FLEET_INVENTORY
  mkdir -p "$MOLECULE_EPHEMERAL_DIRECTORY/inventory"
  if [ -n "${STEP:-}" ]; then
    scenario= # what a single step leaves is meant to stay
    molecule "$STEP" --scenario-name "$1" </dev/null || result=$?
  else
    molecule test --scenario-name "$1" --destroy always </dev/null || result=$?
  fi
  scenario=
  times+=("$(printf '%-16s %4d s  %s' "$1" $((SECONDS - started)) "$([ $result = 0 ] && echo passed || echo FAILED)")")
  [ $result = 0 ] || failed=1
}

# Whatever ends this script, no container of it is left.
# shellcheck disable=SC2317 # called by trap
clean_up() {
  if [ -n "$scenario" ]; then molecule destroy --scenario-name "$scenario" </dev/null || true; fi
  scenario=
  for socket in "$FLEET_SOCKETS"/*; do # connections that Ansible keeps open for the next task
    [ ! -S "$socket" ] || ssh -o ControlPath="$socket" -O exit none 2>/dev/null || true
  done
  rm -rf "$FLEET_SOCKETS"
}

scenario='' failed=0 times=()
FLEET_SOCKETS=$(mktemp -d) # its path has to be short
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work"
PATH=$top/.venv/bin:$PATH:/usr/sbin:/sbin
export PATH ANSIBLE_COLLECTIONS_PATH=$top/.collections ANSIBLE_HOME=$top/.cache/ansible
export MOLECULE_COMMAND_BORDERS=false
export CONTAINER_IMAGE=$image FLEET_ROOT=$top FLEET_SOCKETS
# Several of this script may run at a time; they make the image once.
exec {lock}>"$work/.lock"
flock "$lock"
choose_engine
if ! command -v ssh >/dev/null || ! command -v ssh-keygen >/dev/null; then install_packages openssh-client; fi
build_image
exec {lock}>&-
for name in "$@"; do run_scenario "$name"; done
if [ "${#times[@]}" -gt 0 ]; then printf '%s\n' "" "${times[@]}"; fi
exit $failed
