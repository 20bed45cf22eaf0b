#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-test sanity, without ignore files. ansible-test wants a real directory .../ansible_collections/<namespace>/<name>,
# so the tracked files are copied; it also wants to download a pip bootstrap, for which Python's own ensurepip serves.
# PROGRAMS is where another ansible-test is than the one of this checkout's environment.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
programs=${PROGRAMS:-$top/.venv/bin}
work=$top/.cache/sanity/ansible_collections/opendomino/mail

rm -rf "$work"
# Names of people have typographic apostrophes, which source code must not have; they are data.
"$top/tests/tools/copy-files.sh" "$work" ':!tests/lab' ':!tests/demo' ':!*/data/names.tsv'
cd "$work"
git init -q . && git add -A

# It makes ten environments. Unpacking the pip that Python brings along is a matter of a moment; ensurepip, which has it
# install itself, takes seconds.
bootstrap=$HOME/.ansible/test/cache
mkdir -p "$bootstrap"
requirements=$("$programs/python" -c 'import ansible_test; print(ansible_test.__path__[0])')/_internal/python_requirements.py
for version in $(grep -oE "[\"'][0-9]+(\.[0-9]+)+[\"']" "$requirements" | tr -d "\"'" | tr . _ | sort -u); do
  [ -e "$bootstrap/get_pip_$version.py" ] || cat >"$bootstrap/get_pip_$version.py" <<'END'
import ensurepip, os, sysconfig, zipfile
wheels = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
if os.path.isdir(wheels):
    for name in os.listdir(wheels):
        zipfile.ZipFile(os.path.join(wheels, name)).extractall(sysconfig.get_path("purelib"))
else:
    ensurepip.bootstrap(default_pip=True)
END
done

version=$("$programs/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$programs/ansible-test" sanity --venv --python "$version" --color no --requirements
