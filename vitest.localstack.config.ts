import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

/** What LocalStack's community edition can run of the stack: queues, table, functions. */
export default defineConfig({
  test: {
    include: ['test/localstack/**/*.test.ts'],
    globalSetup: 'test/localstack/global-setup.ts',
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
});
