import { parseBatchTaskId } from './batch-row.ts';
import { parseContent } from './envelope.ts';
import { unknownTask } from './errors.ts';
import type { Ports } from './ports.ts';
import { findContent } from './task-content.ts';
import type { Program, TaskRow } from './task-row.ts';
import { programOf } from './task-spec.ts';
import { toTaskView, toUnclaimedView, type TaskView } from './task-view.ts';

/** One task, whole. @throws MillraceError `unknown_task` */
export async function readTask(ports: Ports, id: string): Promise<TaskView> {
  const row = await ports.tasks.show(id);
  return row ? showTask(ports, row) : readUnclaimed(ports, id);
}

/** The task of a row, with what is kept beside it. */
export async function showTask(ports: Ports, row: TaskRow): Promise<TaskView> {
  const output = row.outputOf === undefined ? undefined : await ports.tasks.readOutput(row.id);
  const program = row.programCut ? await wholeProgram(ports, row) : undefined;
  return toTaskView(row, ports.clock(), program, output);
}

async function wholeProgram(ports: Ports, row: TaskRow): Promise<Program | undefined> {
  const content = await findContent(ports, row.id);
  if (!content) return undefined;
  const parsed = parseContent({ id: row.id, at: row.createdAt, hash: row.hash }, content, false);
  return parsed.kind === 'task' ? programOf(parsed.spec) : undefined;
}

async function readUnclaimed(ports: Ports, id: string): Promise<TaskView> {
  const place = parseBatchTaskId(id);
  const chunk = place && (await ports.batches.readChunk(place.batch, place.chunk));
  const entry = chunk?.tasks.find(({ line }) => line === place?.line);
  if (!chunk || !entry) throw unknownTask(id);
  const definition = await ports.catalog.find(chunk.queue);
  return toUnclaimedView(chunk, id, entry.task, definition);
}
