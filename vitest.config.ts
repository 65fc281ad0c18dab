import { defineConfig } from 'vitest/config';

// Two projects: `unit` (fast, beside the code) and `e2e` (the whole line, for real).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{config,builder-runner,site,bot}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // Many wait for programs that they start: on two cores one worker would leave one of them idle.
          maxWorkers: 2,
          // Half of the time went into loading the same modules again for each file; no test replaces one or leaves anything behind.
          isolate: false,
          // No test is about time: a slow machine is not a failure.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['{builder-runner,site,bot}/**/*.e2e.ts'],
          exclude: ['**/node_modules/**'],
          // On two cores one file would leave most of one idle. Each looks at what is its own alone: home, ports, addresses, temporary folder.
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
