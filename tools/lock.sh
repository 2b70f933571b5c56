#!/bin/sh
# Resolve pyproject.toml into the lock files: every platform, hashes, no registry's address in them.
# The test lock is held to the versions of the runtime lock, so that what is tested is what runs.
set -eu
cd "$(dirname "$0")/.."
compile() {
  .venv/bin/uv pip compile "$@" --system-certs --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q
}
compile pyproject.toml --extra setup -o requirements.lock
compile pyproject.toml --extra setup --extra test -c requirements.lock -o requirements.test.lock
.venv/bin/uv --version | awk '{ print "uv==" $2 }' | compile - -o uv.lock.txt
