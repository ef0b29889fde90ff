# The rest of scripts/bench and scripts/soak: run the modules of $PARTS. Sourced, not a command.

mapfile -t all < <(cd "$PARTS" 2>/dev/null && ls ./*.py 2>/dev/null | sed 's|^\./||; s|\.py$||; /^_/d')
if [ "${1:-}" = --list ]; then
    printf '%s\n' "${all[@]}"
    exit 0
fi
[ $# -gt 0 ] || set -- "${all[@]}"
[ $# -gt 0 ] || die "there is nothing in $PARTS yet."
for part in "$@"; do
    [ -f "$PARTS/$part.py" ] || die "there is no $part." "one of: ${all[*]}"
done

mapfile -t absent < <(missing_packages "${NEEDED[@]}")
if [ ${#absent[@]} -gt 0 ] && ! install_packages "${absent[@]}"; then
    die "not installed: ${absent[*]}" "apt-get install ${absent[*]}, as root"
fi
ensure_venv dev || die "the packages could not be installed." "see the lines above"

failed=()
for part in "$@"; do
    say "== $part"
    began=$SECONDS
    PYTHONPATH=$ROOT "$PYTHON" "$PARTS/$part.py" || failed+=("$part")
    say "   $((SECONDS - began)) s"
done
if [ ${#failed[@]} -gt 0 ]; then
    say "FAILED: $(IFS=,; echo "${failed[*]}")"
    exit 1
fi
