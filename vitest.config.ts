import { defineConfig } from 'vitest/config';

/** CI counts the tests from this file. */
const report = process.env['MILLRACE_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Suites with a config of their own: they start an emulator or a container engine, install the package, or take long.
    exclude: [
      'test/deploy/**',
      'test/container/**',
      'test/localstack/**',
      'test/package/**',
      'test/examples.test.ts',
    ],
    pool: 'forks',
    maxWorkers: 3, // of two cores: many a test waits for a lease or a process
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...(report && { reporters: ['default', 'json'], outputFile: { json: report } }),
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
