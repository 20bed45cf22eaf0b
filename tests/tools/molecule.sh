#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs Molecule scenarios in containers: molecule.sh SCENARIO...; without one, it only sets up what they need.
#
# With STEP (create, prepare, check, converge, idempotence, verify, destroy) only that step is carried out,
# and the containers stay. With INVENTORY the hosts are those of that inventory, and no containers are made.
#
# What runs the containers, and what their image is built from, containers.sh says. Exit code 3: no container can run here.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
work=$top/.cache/molecule
# shellcheck source=tests/tools/containers.sh
. tests/tools/containers.sh
image=localhost/opendomino-mail-host:latest

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
take_turns
choose_engine
if ! command -v ssh >/dev/null || ! command -v ssh-keygen >/dev/null; then install_packages openssh-client; fi
build_image
end_turn
for name in "$@"; do run_scenario "$name"; done
if [ "${#times[@]}" -gt 0 ]; then printf '%s\n' "" "${times[@]}"; fi
exit $failed
