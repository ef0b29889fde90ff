# What the scripts share: a virtual environment that is up to date, and plain words where the
# machine lacks something. Sourced by bash; not a command.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
VENV=${PROVISIOND_VENV:-$ROOT/.venv}
PYTHON=$VENV/bin/python

say() { printf '%s\n' "$*" >&2; }

# die WHAT REMEDY: say both and stop.
die() {
    say ""
    say "scripts/$(basename "$0"): $1"
    [ $# -lt 2 ] || say "  Remedy: $2"
    exit 2
}

# The newest python3 that is new enough, with the modules that a virtual environment needs.
# `find_python again` does not try to install them once more.
find_python() {
    local candidate no_venv=
    for candidate in ${PROVISIOND_PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
        command -v "$candidate" >/dev/null || continue
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if ! "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
            no_venv=$candidate
            continue
        fi
        command -v "$candidate"
        return
    done
    if [ -n "$no_venv" ]; then
        if [ "${1:-}" != again ] && install_packages python3-venv; then
            find_python again
            return
        fi
        die "$no_venv cannot make virtual environments: its venv module is missing." \
            "apt-get install python3-venv"
    fi
    die "there is no Python 3.11 or newer." \
        "apt-get install python3 python3-venv (Debian 12 has 3.11), or set PROVISIOND_PYTHON"
}

# ensure_venv EXTRA...: the project, installed with these extras, reinstalled when they change.
ensure_venv() {
    local extras stamp wanted python
    extras=$(IFS=,; echo "$*")
    if ! [ -x "$PYTHON" ] || ! "$PYTHON" -c '' 2>/dev/null; then
        python=$(find_python) || exit $?
        say "making $VENV with $python"
        "$python" -m venv --clear "$VENV" ||
            die "the virtual environment could not be made." "see the lines above"
    fi
    stamp=$VENV/.provisiond-installed
    wanted=$(printf '%s %s' "$extras" "$(sha256sum pyproject.toml)" | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    say "installing provisiond[$extras] and what it needs"
    install_project "$extras" || return 1
    printf '%s\n' "$wanted" >"$stamp"
}

install_project() {
    local log what=.${1:+[$1]}
    log=$(mktemp)
    if "$PYTHON" -m pip install --quiet --disable-pip-version-check -e "$what" 2>"$log"; then
        rm -f "$log"
        return
    fi
    tail -n 15 "$log" >&2
    if grep -qiE 'from versions: none|name resolution|connection|timed out|unreachable|retries|proxy' "$log"; then
        rm -f "$log"
        die "pip cannot reach a package index." \
            "check the network or the proxy; without one, set PIP_NO_INDEX=1 and PIP_FIND_LINKS"
    fi
    rm -f "$log"
    return 1
}

# install_packages PACKAGE...: Debian packages, where we may; 1 where we may not or it failed.
install_packages() {
    [ $# -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing $*"
    {
        apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
    } >/dev/null || return 1
}

# missing_packages PROGRAM=PACKAGE...: the packages whose programs are not there.
missing_packages() {
    local pair program
    for pair in "$@"; do
        program=${pair%%=*}
        case $program in
        */*) compgen -G "$program" >/dev/null || echo "${pair#*=}" ;;
        *) command -v "$program" >/dev/null || echo "${pair#*=}" ;;
        esac
    done
}

# require_packages PROGRAM=PACKAGE...: install what is missing, or say what to install and stop.
require_packages() {
    local absent
    mapfile -t absent < <(missing_packages "$@")
    [ ${#absent[@]} -gt 0 ] || return 0
    install_packages "${absent[@]}" ||
        die "not installed: ${absent[*]}" "apt-get install ${absent[*]}, as root"
}
