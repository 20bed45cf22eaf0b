#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-test sanity, without ignore files. ansible-test wants a real directory .../ansible_collections/<namespace>/<name>,
# so the tracked files are copied; it also wants to download a pip bootstrap, for which Python's own ensurepip serves.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$top/.cache/sanity/ansible_collections/opendomino/mail
python=$top/.venv/bin/python

rm -rf "$work"
# Names of people have typographic apostrophes, which source code must not have; they are data.
"$top/tests/tools/copy-files.sh" "$work" ':!tests/lab' ':!tests/demo' ':!*/data/names.tsv'
cd "$work"
git init -q . && git add -A

# It makes ten environments. Unpacking the pip that Python brings along is a matter of a moment; ensurepip, which has it
# install itself, takes seconds.
bootstrap=$HOME/.ansible/test/cache
mkdir -p "$bootstrap"
for version in 24_2 25_2; do
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

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$top/.venv/bin/ansible-test" sanity --venv --python "$version" --color no --requirements
