import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Minutes long: what begins last should not be what takes longest. */
const longest = [
  'campaign.e2e.ts',
  'driver-contract.e2e.ts',
  'npm-start.e2e.ts',
  'reattach.e2e.ts',
  'phase-timeouts.e2e.ts',
  'bad-input.e2e.ts',
  'runner.e2e.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
      return index === -1 ? longest.length : index;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

// Two projects: `unit` (fast, beside the code) and `e2e` (the whole line, for real).
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{config,builder-runner,site,bot}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // Many wait for programs that they start: on two cores one worker would leave one of them idle.
          maxWorkers: 2,
          // Half of the time went into loading the same modules again for each file; no test replaces one or leaves
          // anything behind.
          isolate: false,
          // No test is about time: a slow machine is not a failure.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 50_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['{builder-runner,site,bot}/**/*.e2e.ts'],
          // Patterns, with commas between: see .ci/test.mjs. The option of the command line does not reach projects.
          exclude: ['**/node_modules/**', ...(process.env.COPPICE_E2E_EXCLUDE?.split(',') ?? [])],
          // On two cores one file would leave most of one idle. Each looks at what is its own alone: home, ports,
          // addresses, temporary folder.
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 120_000 } },
        },
      },
    ],
  },
});
