import { FALLEN_STATES, metStaleDevice, type SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import type { CheckKind } from '#src/modules/deployments/domain/health-config.js';

/** What the tasks of a starting service say about it. */
export type Assessment =
  | { kind: 'waiting'; message: string }
  /** every replica runs and its check has passed; the stability window decides */
  | { kind: 'up'; tasks: SwarmTask[] }
  | FailedAssessment;

export interface FailedAssessment {
  kind: 'failed';
  code: DeploymentErrorCode;
  reason: string;
  task: SwarmTask | undefined;
}

export interface AssessmentInput {
  tasks: SwarmTask[];
  /** ids of tasks whose container Docker calls unhealthy, living or ended */
  unhealthy: ReadonlySet<string>;
  replicas: number;
  check: CheckKind;
  now: Date;
}

/** Some applications crash once while what they need comes up; three times is a loop, and twice is one for what takes long to crash. */
const CRASHES = 3;
const SLOW_CRASHES = 2;
const SLOW_AFTER_MS = 5000;
/** A host port or memory that a stopping task still holds is free soon after. */
const UNSCHEDULED_MS = 5000;

/** Pure: the same tasks at the same time give the same verdict. */
export function assessTasks({ tasks, unhealthy, replicas, check, now }: AssessmentInput): Assessment {
  // What the Engine's last restart left in the network's way is healed, and says nothing of the container.
  const ended = tasks.filter((task) => FALLEN_STATES.has(task.state) && !metStaleDevice(task));
  const fatal =
    unhealthyEnd(tasks, unhealthy, check) ??
    fatalEnd(ended) ??
    crashLoop(tasks, ended, now) ??
    unschedulable(tasks, now);
  if (fatal) return fatal;
  const up = tasks.filter(({ state, desired }) => state === 'running' && desired === 'running');
  if (up.length >= replicas) return { kind: 'up', tasks: up };
  return { kind: 'waiting', message: `${up.length} of ${replicas} replicas are up` };
}

/** Docker has been patient for interval × retries already: another container would not do better. */
function unhealthyEnd(tasks: SwarmTask[], unhealthy: ReadonlySet<string>, check: CheckKind): Assessment | undefined {
  const task = tasks.find(({ id }) => unhealthy.has(id));
  const code = check === 'tcp' ? 'PORT_NOT_LISTENING' : 'HEALTHCHECK_TIMEOUT';
  return task && { kind: 'failed', code, reason: 'The health check did not pass in time.', task };
}

/** Ends after which another try would end in the same way. */
function fatalEnd(ended: SwarmTask[]): Assessment | undefined {
  for (const task of ended) {
    const text = `${task.error ?? ''} ${task.message}`;
    if (
      /port is already allocated|address already in use|driver failed programming external connectivity/i.test(text)
    ) {
      return {
        kind: 'failed',
        code: 'HOST_PORT_TAKEN',
        reason: 'The host port is held by another program of this machine.',
        task,
      };
    }
    if (/no space left on device/i.test(text))
      return { kind: 'failed', code: 'DISK_FULL', reason: 'There is no disk space left.', task };
  }
  return undefined;
}

function crashLoop(tasks: SwarmTask[], ended: SwarmTask[], now: Date): Assessment | undefined {
  const perSlot = new Map<number, SwarmTask[]>();
  for (const task of ended) perSlot.set(task.slot, [...(perSlot.get(task.slot) ?? []), task]);
  const since = Math.min(...tasks.map(({ createdAt }) => createdAt.getTime()));
  const limit = now.getTime() - since > SLOW_AFTER_MS ? SLOW_CRASHES : CRASHES;
  const looping = [...perSlot.values()].find((crashes) => crashes.length >= limit);
  const task = looping?.at(-1);
  return task && { kind: 'failed', code: 'CONTAINER_CRASHED', reason: crashReason(task, looping?.length ?? 0), task };
}

function crashReason({ exitCode, error, state }: SwarmTask, times: number): string {
  const often = `${times} times`;
  const startFailure = error && !/task: non-zero exit/.test(error) ? error : undefined;
  if (startFailure) return `The container could not be started, ${often}: ${startFailure}`;
  if (state === 'complete' || exitCode === 0)
    return `The container ended with exit code 0, ${often}: a deployment has to go on running.`;
  const killed = exitCode === 137 ? ' (killed, as when memory runs out)' : '';
  return `The container crashed ${often}, with exit code ${exitCode ?? 'unknown'}${killed}.`;
}

function unschedulable(tasks: SwarmTask[], now: Date): Assessment | undefined {
  const task = tasks.find(
    ({ state, error, createdAt }) =>
      state === 'pending' &&
      error?.includes('no suitable node') &&
      now.getTime() - createdAt.getTime() > UNSCHEDULED_MS,
  );
  if (!task) return undefined;
  if (/host-mode port already in use/.test(task.error ?? ''))
    return {
      kind: 'failed',
      code: 'HOST_PORT_TAKEN',
      reason: 'The host port is held by another service of this machine.',
      task,
    };
  return { kind: 'failed', code: 'NOT_SCHEDULED', reason: `No node can run this: ${task.error ?? ''}.`, task };
}
