import { expect, it } from 'vitest';
import type { Config } from '#src/config/config.js';
import type { LeadingProcess } from '#src/core/jobs/leading-process.js';
import type { ContainerStats } from '#src/integrations/docker/container-stats.js';
import type {
  ContainerSample,
  ContainerSamplesRepository,
} from '#src/modules/deployments/repositories/container-samples.repository.js';
import { ContainerSampler } from './container-sampler.js';

it('leaves out runs and release commands, whose built image names a deployment', async () => {
  const container = (id: string, labels: Record<string, string>) => ({ id, slot: 1, createdAt: new Date(), labels });
  const stored: ContainerSample[] = [];
  const stats: Pick<ContainerStats, 'running' | 'read'> = {
    running: () =>
      Promise.resolve([
        container('replica', { 'berth.deployment': 'd' }),
        container('run', { 'berth.deployment': 'd', 'berth.run': 'r' }),
        container('migration', { 'berth.deployment': 'd', 'berth.release-command': 'd' }),
      ]),
    read: () => Promise.resolve({ cpuSeconds: 1, memoryBytes: 1, rxBytes: 0, txBytes: 0 }),
  };
  const sampler = new ContainerSampler(
    stats as ContainerStats,
    {
      append: (samples: ContainerSample[]) => Promise.resolve(void stored.push(...samples)),
    } as ContainerSamplesRepository,
    { isThisProcess: () => Promise.resolve(true) } as LeadingProcess,
    { sampleIntervalMs: 2000 } as Config,
  );
  await sampler.sample();
  expect(stored.map(({ containerId }) => containerId)).toEqual(['replica']);
});
