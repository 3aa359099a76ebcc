/**
 * Says of an idempotency key that it was made for this request, so that no task is looked up under it. A client sends it
 * with its first try alone.
 */
export const FRESH_KEY_HEADER = 'millrace-fresh-key';
