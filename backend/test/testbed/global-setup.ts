/**
 * Vitest loads this once for each project, in module graphs of their own: the one test bed that they share hangs on the process. The
 * first project starts it, the last one to finish ends it.
 */
import type { TestProject } from 'vitest/node';
import { startTestbed, type Testbed } from './testbed.js';

declare module 'vitest' {
  interface ProvidedContext {
    dockerHost: string;
  }
}

interface SharedTestbed {
  users: number;
  testbed: Promise<Testbed>;
}

const shared = globalThis as typeof globalThis & { berthTestbed?: SharedTestbed };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bed = (shared.berthTestbed ??= { users: 0, testbed: startTestbed() });
  bed.users += 1;
  const { dockerHost } = await bed.testbed;
  process.env.DOCKER_HOST = dockerHost; // for the programs that tests start
  project.provide('dockerHost', dockerHost);
  return async () => {
    bed.users -= 1;
    if (bed.users > 0) return;
    delete shared.berthTestbed;
    await (await bed.testbed).stop();
  };
}
