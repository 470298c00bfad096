import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/slow-first.js';

const decorators = { oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } } } as const;

export default defineConfig({
  // package.json leads `#src/` to what was built; tests run the sources.
  resolve: { alias: { '#src': join(import.meta.dirname, 'src') } },
  test: {
    sequence: { sequencer: SlowFirst },
    tags: [{ name: 'long', description: 'Left out of script/test. script/test long runs it.' }],
    projects: [
      {
        ...decorators,
        test: { name: 'unit', isolate: false, include: ['src/**/*.spec.ts', 'test/dashboard/*.spec.ts'] },
      },
      {
        ...decorators,
        test: {
          name: 'medium',
          isolate: false,
          include: ['test/medium/**/*.medium-spec.ts'],
          globalSetup: ['test/testbed/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          // Beside the e2e tests, in the same room.
          maxWorkers: 3,
          maxConcurrency: 1,
        },
      },
      {
        ...decorators,
        test: {
          name: 'e2e',
          isolate: false,
          include: ['test/e2e/**/*.e2e-spec.ts'],
          globalSetup: ['test/testbed/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 240_000,
          // They wait for the engine most of their time.
          maxWorkers: 3,
          maxConcurrency: 1,
        },
      },
      {
        ...decorators,
        test: {
          name: 'long',
          include: ['test/long/**/*.long-spec.ts'],
          globalSetup: ['test/testbed/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        ...decorators,
        test: {
          name: 'bench',
          include: ['bench/**/*.bench-spec.ts'],
          globalSetup: ['test/testbed/global-setup.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
          // One at a time: they measure.
          fileParallelism: false,
        },
      },
    ],
  },
});
