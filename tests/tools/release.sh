#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the tarball of a release in build/, after everything that speaks against it was looked for. It publishes nothing.
# RELEASE_TESTS names the command that has to succeed on the tree; it is `make test galaxy`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

refuse() {
  echo "No release: $1" >&2
  exit 1
}

python=.venv/bin/python
read -r version name < <("$python" -c 'import yaml; g = yaml.safe_load(open("galaxy.yml")); print(g["version"], g["namespace"] + "-" + g["name"])')

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-rc[0-9]+)?$ ]] ||
  refuse "version $version in galaxy.yml is none of a release (1.0.0 or 1.0.0-rc1). Set it."
[ -z "$(git status --porcelain)" ] || refuse "the tree is not clean. Commit, or put away, what git status shows."
[ -z "$(git tag --list "$version")" ] || refuse "there is a tag $version already. Set another version in galaxy.yml."
"$python" -c 'import pathlib, sys, yaml
path = pathlib.Path("changelogs/changelog.yaml")
releases = yaml.safe_load(path.read_text())["releases"] if path.exists() else {}
sys.exit(sys.argv[1] not in releases)' "$version" ||
  refuse "version $version is not in changelogs/changelog.yaml. Run: .venv/bin/antsibull-changelog release"
grep -qE "^## v?${version//./\\.}( |\$)" CHANGELOG.md || refuse "version $version is not in CHANGELOG.md. Run: .venv/bin/antsibull-changelog generate"
if compgen -G 'changelogs/fragments/*.y*ml' >/dev/null; then
  refuse "there are changelog fragments that belong to no release. Run: .venv/bin/antsibull-changelog release"
fi

commit=$(git rev-parse HEAD)
${RELEASE_TESTS:-make test galaxy} || refuse "the tests fail."
if [ "$(git rev-parse HEAD)" != "$commit" ] || [ -n "$(git status --porcelain)" ]; then
  refuse "the tree changed while the tests ran."
fi

rm -f "build/$name-$version.tar.gz"
tests/tools/build.sh build
cat <<END

build/$name-$version.tar.gz is $version as of $commit. Nothing was published. Left to do, by you:

  tar tzf build/$name-$version.tar.gz                  # look at it once more
  git tag --annotate $version --message $version $commit
  git push origin $version
  ansible-galaxy collection publish build/$name-$version.tar.gz
END
