# shellcheck shell=bash
# Checks of `.ci/compose`, sourced by it: a line for each, and what they add up to. They need a folder `$temporary`.
passed=0 failed=0

# check NAME COMMAND...
check() {
  local name=$1 start=$SECONDS
  shift
  if "$@" > "$temporary/output" 2>&1; then
    passed=$((passed + 1))
    printf 'ok      %s (%d s)\n' "$name" $((SECONDS - start))
  else
    failed=$((failed + 1))
    printf 'FAILED  %s (%d s)\n' "$name" $((SECONDS - start))
    tail -n 25 "$temporary/output" | cut -c1-400 | sed 's/^/        /'
  fi
}

# eventually COMMAND...: repeats it until it succeeds, two minutes at most; shows the last output.
eventually() {
  local end=$((SECONDS + 120)) output
  until output=$("$@" 2>&1); do
    [ "$SECONDS" -lt "$end" ] || { echo "$output"; return 1; }
    sleep 1
  done
}

# report: the number of those that passed and failed, into the file CHECKS.
report() { [ -z "${CHECKS:-}" ] || echo "$passed $failed" > "$CHECKS"; }
