import { InvalidArgumentError, type Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import type { TaskSpec } from '../../core/task-spec.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type Session, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { taskSettings, withTaskSettings, type TaskSettingOptions } from '../task-settings.ts';
import { showEnd } from '../wait-and-show.ts';

interface RunOptions extends TargetOptions, TaskSettingOptions {
  readonly args?: unknown;
  readonly queue: string;
  readonly wait?: boolean;
}

/** `millrace run NAME [key=value…]` */
export function registerRun(program: Command, context: CliContext): void {
  const command = program
    .command('run')
    .description('call a named handler and print the id of its task, or with --wait its result')
    .argument('<name>', 'of the handler')
    .argument('[key=value...]', 'its arguments; a value that is JSON is taken as such, else as text')
    .option('--args <json>', 'its arguments as JSON; those given as key=value are added', parseArgs)
    .option('--queue <name>', 'where it is enqueued', 'default')
    .option('--wait', 'wait for the end and print the result as JSON');
  withHelp(
    withTargetOptions(withTaskSettings(command)),
    [
      'millrace run delayed_add x=4 y=10 --wait',
      `millrace run hello --args '{"name": "Ada"}'`,
      `millrace run hello 'name="42"'    # the text 42, not the number`,
    ],
    { 0: 'the task is enqueued; with --wait: it SUCCEEDED', 1: 'with --wait: it FAILED or was CANCELLED' },
  ).action(async (name: string, pairs: string[], options: RunOptions) => {
    const spec: TaskSpec = { handler: name, args: toArgs(pairs, options.args), ...taskSettings(options) };
    const session = await openSession(context, options, options.wait ? { patienceMs: 60_000 } : {});
    const task = await session.client.createTask(options.queue, spec, options.idempotencyKey);
    if (options.wait) await waitForResult(session, task.id);
    else if (session.json) printJson(context, task);
    else context.stdout.write(`${task.id}\n`);
  });
}

/** The result alone on stdout, for `$(…)`; whatever else came of it goes to stderr or, with --json, is the whole task. */
async function waitForResult(session: Session, id: string): Promise<void> {
  const { context, client } = session;
  if (!session.json) context.stderr.write(`task ${id}\n`);
  const task = await client.waitForTask(id);
  if (task.state === 'SUCCEEDED' && !session.json)
    context.stdout.write(`${JSON.stringify(task.result ?? null)}\n`);
  else showEnd(session, task);
}

function parseArgs(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InvalidArgumentError(`Expected JSON: ${(error as Error).message}.`);
  }
}

function toArgs(pairs: readonly string[], args: unknown): unknown {
  if (pairs.length === 0) return args ?? {};
  if (args !== undefined && (typeof args !== 'object' || args === null || Array.isArray(args))) {
    throw new MillraceError('invalid_request', 'Arguments as key=value can only be added to an object.', {
      expected: '--args with a JSON object, or without key=value',
      got: JSON.stringify(args),
      hint: 'Put everything into --args.',
    });
  }
  const given = pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new MillraceError('invalid_request', `${JSON.stringify(pair)} is no argument of a handler.`, {
        expected: 'key=value',
        got: pair,
        hint: 'For example: millrace run delayed_add x=4 y=10. Other JSON than objects goes into --args.',
      });
    }
    return [pair.slice(0, at), toValue(pair.slice(at + 1))] as const;
  });
  return { ...args, ...Object.fromEntries(given) };
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
