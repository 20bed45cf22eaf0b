# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What scripts that use containers have in common; `top`, the project's folder, is set where this is read.
#
# CONTAINER_ENGINE is docker or podman; without it, docker where it runs, else podman, which is installed where root may.
# All that podman keeps is in .cache/containers. Images are built from Debian: from its public image where a registry is
# reachable, else by debootstrap from where this machine's own packages come from. Exit code 3: no container can run here.
place=${top:?}/.cache/containers
release=bookworm
# shellcheck disable=SC2034 # of that release
python_version=3.11

fail() {
  echo "containers: $*" >&2
  exit 1
}

cannot() { # no failure of what is tested
  echo "containers: this machine cannot run containers: $*" >&2
  exit 3
}

take_turns() { # what the scripts share is made by one of them at a time
  mkdir -p "$place"
  exec {lock}>"$place/.lock"
  flock "$lock"
}

end_turn() {
  exec {lock}>&-
}

install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "missing here: $*. Install them as root (Debian: apt-get install $*), or start Docker, then run again."
  fi
  echo "containers: installing $* ..."
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
  echo "containers: no registry is reachable; making the base image with debootstrap ..." >&2
  command -v debootstrap >/dev/null || PATH="$PATH:/usr/sbin" command -v debootstrap >/dev/null ||
    install_packages debootstrap >&2
  [ "$(id -u)" = 0 ] || fail "debootstrap needs root. Pull $public from a registry, or run this as root."
  local mirror
  # shellcheck disable=SC2016 # apt-get expands it
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' 'Component: main' | head -n 1)
  [ -n "$mirror" ] || fail "this machine has no package source of Debian, and no registry is reachable for $public."
  rm -rf "$place/base"
  mkdir -p "$place/base"
  /usr/sbin/debootstrap --variant=minbase "$release" "$place/base" "$mirror" >"$place/debootstrap.log" 2>&1 ||
    cannot "debootstrap failed, see $place/debootstrap.log: $(tail -n 1 "$place/debootstrap.log")"
  tar -C "$place/base" -c . | "$engine" import - "$own" >/dev/null 2>"$place/import.log" || fail "see $place/import.log"
  rm -rf "$place/base"
  echo "$own"
}
