#!/usr/bin/env bash
# Handlers that callers and workers share, each in processes of their own. Needs a local stack and no worker:
# `npx millrace local`, or `npm run examples`.
set -euo pipefail
example=$(cd "$(dirname "$0")" && pwd)
here=$(mktemp -d)
workers=()
trap 'kill "${workers[@]}" 2>/dev/null || true; wait; rm -rf "$here"' EXIT
say() { printf '\n# %s\n' "$*"; }

say 'two workers, with the handlers of machine/'
for n in 1 2; do
  npx millrace work default forever --tasks "$example/machine" >"$here/worker-$n.log" 2>&1 & workers+=($!)
done

say 'a caller'
node --conditions=checkout "$example/caller.ts"

say 'another one, from the command line'
npx millrace run hello name=Alan --wait

say 'both workers are still there'
for n in 0 1; do kill -0 "${workers[n]}" && echo "worker $((n + 1)) runs"; done
