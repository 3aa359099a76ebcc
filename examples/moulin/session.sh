#!/usr/bin/env bash
# What one does with Moulin, here. Needs a local stack and no worker: `npx millrace local`, or `npm run examples`.
set -euo pipefail
eval "$(npx millrace env)"
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
say() { printf '\n# %s\n' "$*"; }

say 'a queue; its workers must be heard of every 3 seconds, instead of every 5 minutes'
npx millrace queue add queue1 --lease 3

say 'create: a task is a command for the shell'
id=$(npx millrace create queue1 'echo downloaded https://myserver.org/file2.bin')

say 'a file of commands, as a form uploads it, and as plain text'
printf 'echo line %s\n' 1 2 3 4 5 >"$here/testtextfile.txt"
curl -sS "$MILLRACE_API_URL/v1/task_list/batch/?queue=queue1" -F "file=@$here/testtextfile.txt"; echo
printf 'echo text 1\nexit 7\n' |
  curl -sS "$MILLRACE_API_URL/v1/queues/queue1/batches?maxAttempts=1" -H 'content-type: text/plain' --data-binary @-; echo

say 'progress, and a peek at what waits'
npx millrace progress queue1
npx millrace peek queue1 pending 3

say 'work on one task; on all there are; for ever'
npx millrace work queue1 once >"$here/once.log"
npx millrace work queue1 until-empty >"$here/until-empty.log"
npx millrace work queue1 forever >"$here/forever.log" & forever=$!
npx millrace wait "$(npx millrace create queue1 'echo the socket brought me')"
kill -TERM "$forever" && wait "$forever" || true

say 'peek by phase: what succeeded, what failed, and the first of all'
npx millrace peek queue1 succeeded 10
npx millrace peek queue1 failed
npx millrace status "$id"

say 'a worker dies with a task in its hands: nobody hears of it, another takes over'
lost=$(npx millrace create queue1 'echo attempt $MILLRACE_ATTEMPT; [ "$MILLRACE_ATTEMPT" -gt 1 ] || sleep 600')
npx millrace work queue1 forever >"$here/dying.log" & dying=$!
until npx millrace status "$lost" --json | grep -q '"state": *"RUNNING"'; do :; done
family() { local child; for child in $(pgrep -P "$1"); do family "$child"; done; echo "$1"; }
kill -KILL $(family "$dying")
npx millrace work queue1 until-empty >"$here/heir.log"
npx millrace status "$lost"

say 'the queues, the fullest first; then delete one'
npx millrace queue add queue2
npx millrace list --progress --sort total
npx millrace queue remove queue1
npx millrace list
