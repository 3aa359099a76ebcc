import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

/** The package as npm packs it, installed in a folder of its own. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 300_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
});
