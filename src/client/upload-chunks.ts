/** How many requests are under way at the same time. */
const AT_ONCE = 4;
/** How many chunks may be done while an earlier one is not: bounds what is remembered of them. */
const MAX_AHEAD = 64;

export interface UploadSteps<Chunk, Outcome> {
  upload(chunk: Chunk): Promise<Outcome>;
  /** Called in the order of the input: all chunks before are done. */
  onDone(outcome: Outcome): void;
  /** The first upload that fails ends the input, which may be waiting for more to come. */
  stopInput?(reason: unknown): void;
}

/**
 * Uploads chunks as they are read, several at a time, and reports them in their order. The first goes alone: it
 * finds out whether the queue is there and the key fits.
 * Throws what the first failing upload threw, once all others have ended.
 */
export async function uploadChunks<Chunk, Outcome>(
  chunks: AsyncIterable<Chunk>,
  steps: UploadSteps<Chunk, Outcome>,
  atOnce = AT_ONCE,
): Promise<void> {
  const waiting: { outcome?: { value: Outcome } }[] = [];
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  let hasBegun = false;

  const begin = (chunk: Chunk) => {
    const entry: (typeof waiting)[number] = {};
    waiting.push(entry);
    const run = steps
      .upload(chunk)
      .then((value) => {
        entry.outcome = { value };
        while (waiting[0]?.outcome) {
          const done = waiting.shift();
          if (done?.outcome) steps.onDone(done.outcome.value);
        }
      })
      .catch((error: unknown) => {
        failure ??= { error };
        steps.stopInput?.(error);
      })
      .finally(() => running.delete(run));
    running.add(run);
  };

  try {
    for await (const chunk of chunks) {
      if (failure) break;
      begin(chunk);
      while (running.size > 0 && (!hasBegun || running.size >= atOnce || waiting.length >= MAX_AHEAD)) {
        await Promise.race(running);
        hasBegun = true;
      }
    }
  } catch (error) {
    failure ??= { error };
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
