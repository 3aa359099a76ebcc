/** Wiring follows. */
export const handler = async (_event: unknown): Promise<unknown> => {
  throw new Error('the dead-letter function is not wired yet');
};
