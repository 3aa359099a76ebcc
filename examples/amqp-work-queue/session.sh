#!/usr/bin/env bash
# Messages on the STDIN of a program, as amqp-consume gives them: exit 0 consumes a message, anything else leaves it for
# another worker. Needs a local stack and no worker: `npx millrace local`, or `npm run examples`.
set -euo pipefail
eval "$(npx millrace env)"
example=$(cd "$(dirname "$0")" && pwd)
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
say() { printf '\n# %s\n' "$*"; }

say 'any body is a message, whatever it looks like; these go straight to SQS'
npx millrace queue add queue
node "$example/send.ts" millrace-queue 'first message' '{"second": "message"}' 'third; echo "this is no command"' $'two\nlines'

say 'a worker whose program is not up to them: it takes one, exits 1, and the message is left'
npx millrace work queue once --program false --json 2>"$here/one.log"
npx millrace progress queue

say 'another worker, with a program that writes each body to a file with a random name'
mkdir "$here/messages"
npx millrace work queue until-empty --program "$example/process-message" "$here/messages" --json 2>"$here/two.log"
npx millrace progress queue

say 'what it has written: the bodies, byte for byte'
for file in "$here"/messages/*; do printf '[%s]\n' "$(cat "$file")"; done | sort
npx millrace queue remove queue
