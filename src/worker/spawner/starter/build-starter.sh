#!/bin/sh
# Compiles the starter, whose source lies beside this script, for this machine, unless FOLDER has it already, and prints
# its path: starter-SYSTEM-PROCESSOR-HASH, in Node's words, the hash being that of the source. A static program runs in
# any image; without a C library for that, "static" fails, and otherwise it is linked for this machine alone.
#   build-starter.sh FOLDER [static]
set -eu
source=$(dirname "$0")
folder=$1
case "$(uname -s) $(uname -m)" in
  'Linux x86_64') target=linux-x64 ;;
  'Linux aarch64') target=linux-arm64 ;;
  *) echo "the starter is not made for $(uname -sm)" >&2; exit 1 ;;
esac
hash=$(cat "$source/starter.c" "$source/folders.h" "$source/frames.h" | sha256sum | cut -c 1-16)
path=$folder/starter-$target-$hash
if ! [ -x "$path" ]; then
  part=$path.part$$ # two that build at once do not disturb each other
  trap 'rm -f "$part"' EXIT
  compile() { cc -std=gnu11 -O2 -Wall "$@" -o "$part" "$source/starter.c"; }
  compile -static || { [ "${2:-}" != static ] && compile; }
  chmod 755 "$part"
  mv "$part" "$path"
fi
echo "$path"
