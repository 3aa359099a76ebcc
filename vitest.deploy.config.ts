import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

/** The whole stack, deployed by the CDK command line to an AWS emulator. */
export default defineConfig({
  test: {
    include: ['test/deploy/**/*.test.ts'],
    globalSetup: 'test/deploy/global-setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
});
