#!/bin/sh
# sanitizer.sh LABEL COMPILER FOLDER: can this machine build and run a program with the sanitizer?
# Exits 0 if so; if not says why and exits 77 (skip), or 1 where CI=true: a check that CI skips protects nothing.
label=$1
compiler=$2
folder=$3
mkdir -p "$folder"
echo 'int main() { return 0; }' > "$folder/probe.cc"
if ! output=$($compiler "$folder/probe.cc" -o "$folder/probe" 2>&1); then
  reason='the compiler has no such sanitizer'
elif ! output=$("$folder/probe" 2>&1); then
  reason='a program built with the sanitizer does not run here'
else
  exit 0
fi
echo "$label skipped: $reason ($(printf '%s\n' "$output" | head -n 1))"
[ "$CI" = true ] && exit 1
exit 77
