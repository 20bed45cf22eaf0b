#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the execution environment of execution-environment.yml with ansible-builder, and runs a playbook in it with
# ansible-runner. Its base image is Debian with Python and pip, see containers.sh; the collection is that of this project;
# Python's packages come from where this machine gets its own, so that no registry and no index has to be reachable from a
# container. Exit code 3: no container can run here.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
# shellcheck source=tests/tools/containers.sh
. tests/tools/containers.sh
work=$top/.cache/execution-environment
base=localhost/opendomino-mail-ee-base:latest image=localhost/opendomino-mail-ee:latest
PATH=$top/.venv/bin:$PATH:/usr/sbin:/sbin
export PATH

take_turns
choose_engine
debian=$(get_base)
"$CONTAINER_ENGINE" run --rm "$debian" true >"$place/probe.log" 2>&1 || cannot "$(tail -n 1 "$place/probe.log")"
end_turn
rm -rf "$work"
mkdir -p "$work/wheels" "$work/private/project" "$work/private/inventory"

echo "Base image ..."
"$CONTAINER_ENGINE" build --quiet --network host --tag "$base" --build-arg "BASE=$debian" - >"$work/base.log" 2>&1 <<'FILE' ||
ARG BASE
FROM ${BASE}
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-client python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
FILE
  fail "see $work/base.log: $(tail -n 1 "$work/base.log")"

echo "Packages ..."
tests/tools/build.sh "$work" >/dev/null
python -m pip download --quiet --quiet --disable-pip-version-check --dest "$work/wheels" --only-binary :all: \
  --python-version "$python_version" --constraint requirements/dev.txt \
  ansible-core ansible-runner bindep dnspython dumb-init==1.2.5 packaging pyyaml
# What only this test knows: where packages are, and what the base image has already.
python - "$work" <<'PROGRAM'
import sys
from pathlib import Path

import yaml

work = Path(sys.argv[1])
definition = yaml.safe_load(Path("execution-environment.yml").read_text(encoding="utf-8"))
(tarball,) = work.glob("*.tar.gz")
definition["dependencies"]["python_interpreter"]["python_path"] = "/usr/bin/python3"
definition["dependencies"]["galaxy"]["collections"] = [{"name": f"/build/packages/{tarball.name}", "type": "file"}]
definition["options"] = {"skip_pip_install": True, "package_manager_path": "/usr/bin/apt-get"}
definition["additional_build_files"] = [
    {"src": str(tarball), "dest": "packages"},
    {"src": str(work / "wheels"), "dest": "wheels"},
]
wheels = ["COPY _build/wheels /wheels", "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels"]
definition["additional_build_steps"] = {
    "prepend_base": wheels,
    "append_final": ["RUN rm -rf /wheels", "ENV PIP_NO_INDEX= PIP_FIND_LINKS="],
}
(work / "execution-environment.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
PROGRAM

echo "Execution environment ..."
ansible-builder build --file "$work/execution-environment.yml" --context "$work/context" --tag "$image" \
  --container-runtime "$CONTAINER_ENGINE" --build-arg "EE_BASE_IMAGE=$base" --extra-build-cli-args "--network host" \
  >"$work/build.log" 2>&1 || fail "see $work/build.log: $(tail -n 3 "$work/build.log")"

echo "A playbook in it ..."
cp tests/tools/execution_environment.yml "$work/private/project/"
echo 'localhost ansible_connection=local' >"$work/private/inventory/hosts"
ansible-runner run "$work/private" --playbook execution_environment.yml --process-isolation \
  --process-isolation-executable "$CONTAINER_ENGINE" --container-image "$image" --container-option=--network=none --container-option=--user=root
