import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

/** The examples, one after another: each starts a stack and workers, and waits for leases to pass. */
export default defineConfig({
  test: {
    include: ['test/examples.test.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
});
