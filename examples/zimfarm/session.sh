#!/usr/bin/env bash
# A sum that takes its time, asked for and looked up over HTTP. Needs a local stack with a worker: `npx millrace local
# --workers 1`, or `npm run examples`.
set -euo pipefail
eval "$(npx millrace env)"
say() { printf '\n# %s\n' "$*"; }
worker=
trap '[ -z "$worker" ] || kill "$worker" 2>/dev/null || true' EXIT

say 'a worker'
npx millrace work default forever >/dev/null & worker=$!

say 'enqueue a new task'
answer=$(curl -sS "$MILLRACE_API_URL/task/delayed_add" -X POST -H 'Content-Type: application/json' -d '{"x":4,"y":10}')
echo "$answer"
id=$(sed -n 's/.*"id":"\([^"]*\)".*/\1/p' <<<"$answer")

say 'check its status, as often as one likes'
status() { curl -sS "$MILLRACE_API_URL/task/status/$id"; echo; }
until [[ "$(status)" == *SUCCESS* ]]; do status; sleep 1; done
status

say 'what the worker wrote'
npx millrace logs "$id"
say 'a task that never was'
curl -sS -o /dev/null -w '%{http_code}\n' "$MILLRACE_API_URL/task/status/252b6354-a06f-426c-8dff-529845e88bf6"
