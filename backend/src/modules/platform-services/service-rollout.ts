import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Containers } from '#src/integrations/docker/containers.js';
import type { ServiceSpec } from '#src/integrations/docker/service-spec.js';
import { type SwarmService, SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { type SwarmTask, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { revisionOf } from './service-revision.js';

/** Containers that are removed drain their connections for up to 20 s. */
const TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 200;
/** Tasks that may end before the rollout fails: the cause can be transient. */
const MAX_ENDED_TASKS = 3;

/** Applies a service of the platform to Swarm, waits for its rollout, and removes it. */
@Injectable()
export class ServiceRollout {
  constructor(
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
  ) {}

  /** Creates the service, or updates it if its revision differs or its last update is paused. Returns its id. */
  async apply(spec: ServiceSpec): Promise<string> {
    const running = await this.services.find(spec.Name);
    if (!running) return this.services.create(spec);
    const isSame = running.labels[LABELS.revision] === revisionOf(spec);
    if (!isSame || running.updateState === 'paused') await this.services.update(running, forced(spec, running));
    return running.id;
  }

  /** Waits until a task of the revision is healthy and the update is complete: undefined; else the reason. */
  async failureReason(serviceId: string, revision: string, signal: AbortSignal): Promise<string | undefined> {
    const end = performance.now() + TIMEOUT_MS;
    for (;;) {
      const [service, tasks] = await Promise.all([this.services.find(serviceId), this.tasks.list({ serviceId })]);
      const own = tasks.filter(({ labels }) => labels[LABELS.revision] === revision);
      const isUp = own.some(isServing);
      if (isUp && service?.updateState !== 'updating') return undefined;
      const ended = own.filter(({ state }) => state === 'failed' || state === 'rejected');
      if (service?.updateState === 'paused' || ended.length >= MAX_ENDED_TASKS || performance.now() > end)
        return this.reason(own, ended);
      await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Returns why no task of the service runs, in a sentence; undefined when one does. `missing`: without a service. */
  async state(name: string, missing: string): Promise<string | undefined> {
    const service = await this.services.find(name);
    if (!service) return missing;
    const tasks = await this.tasks.list({ serviceId: service.id });
    if (tasks.some(isServing)) return undefined;
    return this.reason(
      tasks,
      tasks.filter(({ error }) => error),
    );
  }

  /** Removes the service and waits until its containers are gone. `label`: of its tasks, also after the service. */
  async remove(name: string, { label, what }: { label: string; what: string }, signal: AbortSignal): Promise<void> {
    const service = await this.services.find(name);
    if (service) await this.services.remove(service.id);
    const isGone = async () =>
      (await this.tasks.listReachable({ labels: [label] })).length === 0 &&
      (!service || (await this.containers.ofService(service.id)).length === 0);
    await pollUntil(isGone, {
      withinMs: TIMEOUT_MS,
      everyMs: POLL_INTERVAL_MS,
      signal,
      what: `containers of ${what} still exist`,
    });
  }

  private async reason(tasks: SwarmTask[], ended: SwarmTask[]): Promise<string> {
    const last = ended.at(-1) ?? tasks.at(-1);
    if (!last) return 'no task was started';
    const lines = last.containerId ? await this.containers.logs(last.containerId, { tail: 5 }) : [];
    const logged = lines.findLast(({ text }) => /\[(emerg|alert|crit)\]/.test(text))?.text;
    return (logged ?? last.error ?? `its task is ${last.state} (${last.message})`).replace(
      /^.*?\[emerg\] \d+#\d+: /,
      '',
    );
  }
}

function isServing({ state, desired }: SwarmTask): boolean {
  return state === 'running' && desired === 'running';
}

/** Increments ForceUpdate for a paused service: an update without any change would start no task. */
function forced(spec: ServiceSpec, running: SwarmService): ServiceSpec {
  const ForceUpdate = (running.spec.TaskTemplate.ForceUpdate ?? 0) + (running.updateState === 'paused' ? 1 : 0);
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ForceUpdate } };
}
