import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../test/scenario/api-client.js';
import type { EngineView } from '../test/scenario/engine-view.js';
import type { Platform } from '../test/scenario/platform.js';
import type { EnvironmentListDto } from '#src/modules/environments/environment.dto.js';

/** What is deployed: it does nothing, ends on SIGTERM at once, and costs no CPU time while others are measured. */
export const IDLE = {
  image: 'busybox',
  tag: '1.36',
  command: ['sh', '-c', "trap 'exit 0' TERM; sleep 100000 & wait"],
  healthCheck: { disabled: true },
};

/** The default health check, by the probe. */
export const WEB = { image: 'nginx', tag: 'alpine', ports: [{ container: 80 }] };

/** Part of every deployment on purpose, and no part of what the baseline does. */
export const STABILITY_WINDOW_MS = 2000;

interface RunningTask {
  Status: { State: string; Timestamp: string; ContainerStatus: { ContainerID: string } };
}

export interface Sample {
  deploymentId: string;
  postMs: number;
  runningMs: number;
}

/** From the request to the answer, and to RUNNING less what the stability window has added. */
export async function deployAndTime(client: ApiClient, engine: EngineView, body: object): Promise<Sample> {
  const begin = performance.now();
  const { jobId, deploymentId } = await client.deploy(body);
  const postMs = performance.now() - begin;
  for (;;) {
    const { status, errorMessage } = await client.job(jobId);
    if (status === 'RUNNING') break;
    if (status === 'FAILED' || status === 'STOPPED') throw new Error(`${status}: ${errorMessage ?? ''}`);
    await delay(20);
  }
  const runningMs = performance.now() - begin;
  return { deploymentId, postMs, runningMs: runningMs - (await windowAlone(engine, deploymentId)) };
}

/**
 * The window begins with the container, so that it passes while a health check is awaited, which the baseline awaits as well. Only what
 * is left of it when Swarm calls the task running is Berth's alone; taking all of it off would flatter Berth.
 */
async function windowAlone(engine: EngineView, deploymentId: string): Promise<number> {
  const [service] = await engine.servicesOf(deploymentId);
  const filters = { service: [service?.ID ?? ''] };
  const tasks = (await engine.docker.listTasks({ filters })) as RunningTask[];
  const task = tasks.find(({ Status }) => Status.State === 'running');
  if (!task) throw new Error(`deployment ${deploymentId} has no running task`);
  const { State } = await engine.docker.getContainer(task.Status.ContainerStatus.ContainerID).inspect();
  const windowEnd = Date.parse(State.StartedAt) + STABILITY_WINDOW_MS;
  return Math.max(0, windowEnd - Date.parse(task.Status.Timestamp));
}

/** Also after a failure nothing may stay on the engine: it would burden what is measured next. */
export async function cleanUp(platform: Platform, client: ApiClient | undefined): Promise<void> {
  try {
    if (!client) return;
    const { environments } = await client.ok<EnvironmentListDto>('GET', '/environments');
    await Promise.all(environments.map(({ id }) => client.deleteEnvironment(id)));
  } finally {
    await platform.stop();
  }
}
