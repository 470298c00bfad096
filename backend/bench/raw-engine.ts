import type Dockerode from 'dockerode';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineView } from '../test/scenario/engine-view.js';

const LABEL = 'berth.bench';
const TIMEOUT_MS = 300_000;

/**
 * The baseline: the Engine API and nothing else does what Berth does. Its services are copies of one of Berth's own, so that network,
 * limits and health check are the same, under a label that Berth does not know.
 */
export class RawEngine {
  private readonly run = Math.random().toString(36).slice(2, 10);
  private readonly filters = { label: [`${LABEL}=${this.run}`] };
  private count = 0;

  constructor(
    private readonly engine: EngineView,
    private readonly template: Dockerode.ServiceSpec,
  ) {}

  static async copying(engine: EngineView, deploymentId: string): Promise<RawEngine> {
    const [service] = await engine.servicesOf(deploymentId);
    if (!service?.Spec) throw new Error(`deployment ${deploymentId} has no service`);
    return new RawEngine(engine, service.Spec);
  }

  /** Creates so many services at once; the time until a task of each is running. */
  async timeToRunning(howMany: number, pollMs: number): Promise<number> {
    const begin = performance.now();
    await Promise.all(Array.from({ length: howMany }, () => this.engine.docker.createService(this.nextSpec())));
    while ((await this.runningServices()) < howMany) {
      if (performance.now() - begin > TIMEOUT_MS) throw new Error('the services of the baseline do not come up');
      await delay(pollMs);
    }
    return performance.now() - begin;
  }

  async removeAll(): Promise<void> {
    const { docker } = this.engine;
    const services = await docker.listServices({ filters: this.filters });
    await Promise.all(services.map(({ ID }) => docker.getService(ID).remove()));
    await untilNoContainer(this.engine, `${LABEL}=${this.run}`);
  }

  private nextSpec(): Dockerode.CreateServiceOptions {
    this.count += 1;
    const spec = structuredClone(this.template) as Dockerode.ServiceSpec & {
      TaskTemplate: Dockerode.ContainerTaskSpec;
    };
    const labels = { [LABEL]: this.run };
    const { ContainerSpec } = spec.TaskTemplate;
    return {
      ...spec,
      Name: `bench-${this.run}-${this.count}`,
      Labels: labels,
      TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: { ...ContainerSpec, Labels: labels } },
    };
  }

  private async runningServices(): Promise<number> {
    const services: (Dockerode.Service & { ServiceStatus?: { RunningTasks: number } })[] =
      await this.engine.docker.listServices({ filters: this.filters, status: true });
    return services.filter(({ ServiceStatus }) => (ServiceStatus?.RunningTasks ?? 0) > 0).length;
  }
}

/** The next measurement must not share the machine with the end of this one. */
export async function untilNoContainer(engine: EngineView, label: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while ((await engine.docker.listContainers({ all: true, filters: { label: [label] } })).length > 0) {
    if (performance.now() > deadline) throw new Error(`containers with the label ${label} do not go`);
    await delay(100);
  }
}
