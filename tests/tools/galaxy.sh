#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the tarball and imports it as Galaxy does when it is published. A warning is an error. ansible-lint and
# ansible-test are left to `make lint` and `make sanity`, which are stricter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$PWD/.cache/galaxy
rm -rf "$work/build"
mkdir -p "$work/build"
tests/tools/build.sh "$work/build" >/dev/null
cat >"$work/importer.cfg" <<CONF
[galaxy-importer]
ANSIBLE_LOCAL_TMP = $work/build/tmp
CHECK_CHANGELOG = True
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = False
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = True
CONF
cd "$work" # it leaves a file of results
result=0
PATH=$work/env/bin:$PATH GALAXY_IMPORTER_CONFIG=$work/importer.cfg \
  "$work/env/bin/python" -m galaxy_importer.main "$work"/build/*.tar.gz >"$work/importer.log" 2>&1 || result=$?
# E203 and W503 contradict the way ruff formats, and PEP 8 itself; and the importer takes documentation in YAML for Python.
if grep -E '^(WARNING|ERROR|CRITICAL)|Traceback' "$work/importer.log" | grep -vE ' (E203|W503) |\.yml:[0-9:]+ E999 ' || [ "$result" != 0 ]; then
  tail -n 5 "$work/importer.log"
  echo "Galaxy would refuse it, or complain; all of it is in .cache/galaxy/importer.log." >&2
  exit 1
fi
tail -n 1 "$work/importer.log"
