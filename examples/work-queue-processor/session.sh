#!/usr/bin/env bash
# A loader and five processors that share the work and end when there is none left: the job of Kubernetes, without
# Kubernetes. Needs a local stack and no worker: `npx millrace local`, or `npm run examples`.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
say() { printf '\n# %s\n' "$*"; }

say 'the queue has a program of its own: each message goes to its STDIN'
npx millrace queue add work -- sh -c 'read -r id; echo "got id $id"; sleep 0.2; echo "processed $id"'

say 'loader: the strings "0" to "99"'
seq 0 99 | sed 's/.*/{"input": "&\\n"}/' | npx millrace load work - --format ndjson
echo 'loaded data'

say 'five processors, one task at a time each; all end by themselves'
pids=()
for n in 1 2 3 4 5; do
  npx millrace work work until-empty --slots 1 --json >"$here/processor-$n.json" 2>"$here/processor-$n.log" &
  pids+=($!)
done
for n in 1 2 3 4 5; do
  code=0; wait "${pids[n - 1]}" || code=$?
  ran=$(grep -o '"ran": *[0-9]*' "$here/processor-$n.json" | grep -o '[0-9]*$')
  echo "processor $n: exit $code, ran $ran"
done

say 'nothing is left'
npx millrace progress work
npx millrace peek work succeeded 3
npx millrace queue remove work
