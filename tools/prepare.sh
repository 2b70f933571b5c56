# The set-up that ./run and ./test share; read by them, not run. It makes .venv from the lock files and builds what the
# pages need, and does nothing when both are as they should be. Needs no variable of the environment.

fail() { printf '%s\n' "$@" >&2; exit 2; }

find_python() {
  for candidate in ${PEHRA_PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    command -v "$candidate"
    return
  done
  return 1
}

make_environment() {
  .venv/bin/python -c pass 2>/dev/null && return
  [ -w . ] || fail "Pehra makes its environment beside its source, and $(pwd) is not writable for $(id -un)." \
    "  Give the folder to that account, or copy it to a folder of its own."
  python=$(find_python) || fail "Pehra needs Python 3.11 or newer with its venv module." \
    "  Debian, Ubuntu:  sudo apt install python3 python3-venv" \
    "  Or name one:     PEHRA_PYTHON=/path/to/python3.12 ./run"
  rm -rf .venv || fail "The old $(pwd)/.venv belongs to another account: remove it, then start again."
  echo "pehra: making an environment with $python" >&2
  "$python" -m venv .venv
}

install() { # $1: a lock file
  echo "pehra: installing from $1 (once; some minutes on a slow line)" >&2
  .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r uv.lock.txt || true
  .venv/bin/uv pip install -q --system-certs --python .venv/bin/python --require-hashes --no-deps -r "$1" ||
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$1" ||
    fail "The packages could not be installed: is there a way to a package index? What pip said stands above."
  .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e . ||
    fail "Pehra's own package could not be installed; what pip said stands above."
}

prepare() { # $1: requirements.lock or requirements.test.lock
  make_environment
  stamp=$(cat pyproject.toml uv.lock.txt "$1" | cksum)
  if [ "$(cat ".venv/.stamp-$1" 2>/dev/null)" != "$stamp" ]; then
    install "$1"
    rm -f .venv/.stamp-*
    echo "$stamp" >".venv/.stamp-$1"
    # The test lock holds all of the runtime lock: ./run after ./test has nothing to install.
    [ "$1" = requirements.lock ] || cat pyproject.toml uv.lock.txt requirements.lock | cksum >.venv/.stamp-requirements.lock
  fi
  stamp=$(find pehra -type f \( -path '*/static/*' -o -path '*/fontlock/*' -o -name '*.po' \) -exec cksum {} + | sort | cat - .venv/.stamp-* | cksum)
  if [ "$(cat .venv/.assets 2>/dev/null)" != "$stamp" ]; then
    .venv/bin/python -m pehra.node.prepare || fail "Static files and translations could not be built; the reason stands above."
    echo "$stamp" >.venv/.assets
  fi
}
