import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

/** The worker's image, built and run by a Docker engine, started by the deployed stack's own launcher. */
export default defineConfig({
  test: {
    include: ['test/container/**/*.test.ts'],
    globalSetup: 'test/container/global-setup.ts',
    pool: 'forks',
    fileParallelism: false, // containers share the machine, and shares of work are judged
    testTimeout: 180_000,
    hookTimeout: 180_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
});
