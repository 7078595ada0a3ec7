#!/bin/sh
# run.sh LABEL PROGRAM...: runs the test programs and adds up the lines `N passed, N failed` they end with.
# One that ends without that line (a crash, a sanitizer's report) counts as a failure.
label=$1
shift
passed=0
failed=0
for program in "$@"; do
  output=$("$program" 2>&1)
  status=$?
  last=$(printf '%s\n' "$output" | tail -n 1)
  case $last in
    *' passed, '*' failed')
      passed=$((passed + ${last%% passed*}))
      last=${last#*passed, }
      program_failed=${last%% failed}
      ;;
    *) program_failed=0 ;;
  esac
  # A report at exit (a leak, say) comes after a last line that tells of no failure.
  [ "$status" -eq 0 ] || [ "$program_failed" -gt 0 ] || program_failed=1
  failed=$((failed + program_failed))
  if [ "$program_failed" -gt 0 ]; then
    printf '%s: exit status %s\n%s\n' "$program" "$status" "$output"
  fi
done
echo "$label: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
