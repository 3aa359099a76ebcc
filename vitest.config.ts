import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Suites with a config of their own: they start an emulator or a container engine, or install the package.
    exclude: ['test/deploy/**', 'test/container/**', 'test/localstack/**', 'test/package/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
