/** Wiring follows. */
export const handler = async (_event: unknown): Promise<unknown> => ({ statusCode: 503 });
