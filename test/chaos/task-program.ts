import type { TaskSpec } from '../../src/core/task-spec.ts';
import type { Doing } from './task-kinds.ts';

/**
 * What every task runs. It keeps a diary, a file a task beside the script: a line at the start and one at the end of
 * each attempt, and one for each earlier attempt whose process it finds alive, by pid and time of birth. Whoever
 * starts writes first and looks then, so of two that start together one at least sees the other.
 *
 * `start ATTEMPT PID BORN WORKER UPTIME`, `end ATTEMPT PID EXIT UPTIME`, `overlap ATTEMPT OTHER PID`; born in clock
 * ticks, uptime in seconds since boot. Shell built-ins only, for thousands of them share the machine.
 */
export const PROGRAM = `
what=$2 a=$3 b=$4
diary=\${0%/*}/diary/$MILLRACE_TASK_ID
uptime() { read -r now _ < /proc/uptime; }
born() { # of a pid; fails for none and for zombies
  { read -r line < /proc/$1/stat; } 2>/dev/null || return 1
  set -- \${line##*) }
  [ "$1" != Z ] || return 1
  parent=$2
  shift 19
  born=$1
}
finish() {
  uptime
  echo "end $MILLRACE_ATTEMPT $$ $1 $now" >> "$diary"
  exit "$1"
}

born $$
mine=$born spawner=$parent
{ read -r comm < /proc/$spawner/comm; } 2>/dev/null
case $comm in starter-*) born "$spawner" && spawner=$parent ;; esac
parent=0
born "$spawner"
uptime
echo "start $MILLRACE_ATTEMPT $$ $mine $parent $now" >> "$diary"
while read -r event attempt pid birth _; do
  [ "$event" = start ] && [ "$pid $birth" != "$$ $mine" ] && born "$pid" && [ "$born" = "$birth" ] &&
    echo "overlap $MILLRACE_ATTEMPT $attempt $pid" >> "$diary"
done < "$diary"

case $what in
  noop) ;;
  sleep) sleep "$a" ;;
  input) sha256sum ;;
  result)
    echo "40 half-way" > "$MILLRACE_PROGRESS"
    sleep "$b"
    printf '{"tag": "%s", "n": %s}' "$1" "$a" > "$MILLRACE_RESULT" ;;
  chatty) seq -f "a line that is there to be long, and to be cut off, by whoever keeps no more than a tail of it %g" 1 "$a" ;;
  flaky) [ "$MILLRACE_ATTEMPT" -gt "$a" ] || finish 9 ;;
  fail) finish "$a" ;;
  hang) sleep 600 ;;
  stubborn)
    trap '' TERM
    sleep "$a" ;;
  sprawl)
    setsid sh -c 'sleep 601 & sleep 602' &
    sleep 600 ;;
  family)
    (sleep 603 & sleep 604) &
    sh -c 'trap "" TERM; sleep 605' & ;;
  crash) kill -SEGV $$ ;;
  *) finish 99 ;;
esac
finish 0
`;

/** The words that run one task; the tag in them tells which it is. */
export function toArgv(script: string, tag: string, doing: Doing): string[] {
  return ['sh', script, tag, ...doing.words];
}

/** Every other task is a shell command, so that both ways of starting one are under fire. */
export function toSpec(script: string, tag: string, doing: Doing): TaskSpec {
  const argv = toArgv(script, tag, doing);
  const isShell = /[02468]$/.test(tag);
  return {
    ...(isShell ? { command: toCommand(argv) } : { argv }),
    ...(doing.input !== undefined && { input: doing.input }),
    ...(doing.timeoutSeconds !== undefined && { timeoutSeconds: doing.timeoutSeconds }),
    maxAttempts: doing.maxAttempts,
  };
}

/** `exec`, so that the program's parent is the spawner however it was started. No word needs quotes. */
export function toCommand(argv: readonly string[]): string {
  return `exec ${argv.join(' ')}`;
}

/** The tag in what a listing shows of a task. */
export function tagOf(view: { command?: string; argv?: readonly string[] }): string | undefined {
  const words = view.argv ?? view.command?.replace(/^exec /, '').split(' ') ?? [];
  return words[0] === 'sh' ? words[2] : undefined;
}
