/** The same items, until the signal is aborted: also while one is awaited that never comes. */
export async function* abortable<Item>(
  items: AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let stop: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => stop?.(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      signal.throwIfAborted();
      // A promise an item: one for all would keep what waited for it, of every item.
      const next = await new Promise<IteratorResult<Item>>((resolve, reject) => {
        stop = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    const closed = Promise.resolve(iterator.return?.()).catch(() => {});
    // A generator that waits closes when its wait is over, which may be never.
    if (!signal.aborted) await closed;
  }
}
