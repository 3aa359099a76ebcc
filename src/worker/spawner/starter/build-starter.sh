#!/bin/sh
# Compiles the starter for this machine, unless FOLDER has it already, and prints its path: starter-SYSTEM-PROCESSOR-HASH,
# in Node's words, the hash being that of the source. A static program runs in any image; without a C library for that,
# "static" fails, and otherwise it is linked for this machine alone.
#   build-starter.sh SOURCE FOLDER [static]
set -eu
source=$1
folder=$2
case "$(uname -s) $(uname -m)" in
  'Linux x86_64') target=linux-x64 ;;
  'Linux aarch64') target=linux-arm64 ;;
  *) echo "the starter is not made for $(uname -sm)" >&2; exit 1 ;;
esac
path=$folder/starter-$target-$(sha256sum <"$source" | cut -c 1-16)
if ! [ -x "$path" ]; then
  part=$path.part$$ # two that build at once do not disturb each other
  trap 'rm -f "$part"' EXIT
  compile() { cc -std=gnu11 -O2 -Wall "$@" -o "$part" "$source"; }
  compile -static || { [ "${3:-}" != static ] && compile; }
  chmod 755 "$part"
  mv "$part" "$path"
fi
echo "$path"
