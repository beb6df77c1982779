#!/usr/bin/env bash
# Make .venv with Python 3.11 or newer; says what to install where that cannot be.
set -euo pipefail
python=${1:-python3}
[ -x .venv/bin/pip ] && exit 0
command -v "$python" >/dev/null || { echo "Python is not installed. On Debian: apt-get install python3 python3-venv" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$("$python" --version) is too old: Python 3.11 or newer is needed. Name one with: make setup PYTHON=python3.11" >&2; exit 1; }
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  # Debian keeps this part of Python in a package of its own.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
  else
    echo "Python's venv module is missing. On Debian: sudo apt-get install python3-venv" >&2
    exit 1
  fi
fi
"$python" -m venv .venv
