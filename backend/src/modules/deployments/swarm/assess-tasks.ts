import { asSentence } from '#src/common/errors/as-sentence.js';
import { FALLEN_STATES, metStaleDevice, type SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import type { CheckKind } from '#src/modules/deployments/domain/health-config.js';

/** Assessment of a starting service. */
export type Assessment =
  | { kind: 'waiting'; message: string }
  /** every replica runs and its check has passed; the stability window follows */
  | { kind: 'up'; tasks: SwarmTask[] }
  | FailedAssessment;

export interface FailedAssessment {
  kind: 'failed';
  code: DeploymentErrorCode;
  reason: string;
  task: SwarmTask | undefined;
  /** The start took too long. */
  isSlowStart?: true;
}

export interface AssessmentInput {
  tasks: SwarmTask[];
  /** ids of tasks whose container Docker reports as unhealthy, running or ended */
  unhealthy: ReadonlySet<string>;
  replicas: number;
  check: CheckKind;
  /** host ports of the release */
  hostPorts: number[];
  /** how long a task may wait for its first passed check; undefined: the Engine decides */
  startLimitSeconds?: number;
  now: Date;
}

/** An application may crash while its dependencies start. Three crashes are a loop; two, if crashing takes long. */
const MAX_CRASHES = 3;
const MAX_SLOW_CRASHES = 2;
const SLOW_AFTER_MS = 5000;
/** A stopping task may hold a host port or memory for this long. */
const UNSCHEDULED_TIMEOUT_MS = 5000;
const NOT_PASSED = 'The health check did not pass in time.';
/** The Engine's own verdict comes first where it comes in time. */
const OVERDUE_AFTER_SECONDS = 30;
const CHOOSE_ANOTHER = 'Choose another `ports[].host`.';

/** Decides from the tasks of a starting service whether it waits, is up or has failed. Pure. */
export function assessTasks(input: AssessmentInput): Assessment {
  const { tasks, unhealthy, replicas, check, hostPorts, now } = input;
  // A stale VXLAN device from the Engine's last restart is cleaned up elsewhere, and is no fault of the container.
  const ended = tasks.filter((task) => FALLEN_STATES.has(task.state) && !metStaleDevice(task));
  const fatal =
    unhealthyEnd(tasks, unhealthy, check) ??
    overdue(input) ??
    fatalEnd(ended, hostPorts) ??
    crashLoop(tasks, ended, now) ??
    unschedulable(tasks, hostPorts, now);
  if (fatal) return fatal;
  const up = tasks.filter(({ state, desired }) => state === 'running' && desired === 'running');
  if (up.length >= replicas) return { kind: 'up', tasks: up };
  return { kind: 'waiting', message: `${up.length} of ${replicas} replicas are up` };
}

/** Docker has waited for interval × retries: another container would fail in the same way. */
function unhealthyEnd(tasks: SwarmTask[], unhealthy: ReadonlySet<string>, check: CheckKind): Assessment | undefined {
  const task = tasks.find(({ id }) => unhealthy.has(id));
  const code = check === 'tcp' ? 'PORT_NOT_LISTENING' : 'HEALTHCHECK_TIMEOUT';
  return task && { kind: 'failed', code, reason: NOT_PASSED, task, isSlowStart: true };
}

/** An image's own check may run so rarely that the Engine's verdict would come after the deadline. */
function overdue({ tasks, startLimitSeconds, now }: AssessmentInput): Assessment | undefined {
  if (startLimitSeconds === undefined) return undefined;
  const limitMs = (startLimitSeconds + OVERDUE_AFTER_SECONDS) * 1000;
  const task = tasks.find(({ state, since }) => state === 'starting' && now.getTime() - since.getTime() > limitMs);
  return task && { kind: 'failed', code: 'HEALTHCHECK_TIMEOUT', reason: NOT_PASSED, task, isSlowStart: true };
}

/** Errors that a retry would repeat. */
function fatalEnd(ended: SwarmTask[], hostPorts: number[]): Assessment | undefined {
  for (const task of ended) {
    const text = `${task.error ?? ''} ${task.message}`;
    if (
      /port is already allocated|address already in use|driver failed programming external connectivity/i.test(text)
    ) {
      return {
        kind: 'failed',
        code: 'HOST_PORT_TAKEN',
        reason: `${namePorts(hostPorts, text)} is held by the machine: another program uses it. ${CHOOSE_ANOTHER}`,
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
  const limit = now.getTime() - since > SLOW_AFTER_MS ? MAX_SLOW_CRASHES : MAX_CRASHES;
  const looping = [...perSlot.values()].find((crashes) => crashes.length >= limit);
  const task = looping?.at(-1);
  return task && { kind: 'failed', code: 'CONTAINER_CRASHED', reason: crashReason(task, looping?.length ?? 0), task };
}

function crashReason({ exitCode, error, state }: SwarmTask, times: number): string {
  const count = `${times} times`;
  const startFailure = error && !/task: non-zero exit/.test(error) ? error : undefined;
  if (startFailure) return `The container could not be started, ${count}: ${startFailure}`;
  if (state === 'complete' || exitCode === 0)
    return `The container ended with exit code 0, ${count}: the process of a deployment must not exit.`;
  const killed = exitCode === 137 ? ' (killed, as when memory runs out)' : '';
  return `The container crashed ${count}, with exit code ${exitCode ?? 'unknown'}${killed}.`;
}

function unschedulable(tasks: SwarmTask[], hostPorts: number[], now: Date): Assessment | undefined {
  const task = tasks.find(
    ({ state, error, createdAt }) =>
      state === 'pending' &&
      error?.includes('no suitable node') &&
      now.getTime() - createdAt.getTime() > UNSCHEDULED_TIMEOUT_MS,
  );
  if (!task) return undefined;
  if (/host-mode port already in use/.test(task.error ?? ''))
    return {
      kind: 'failed',
      code: 'HOST_PORT_TAKEN',
      reason: `${namePorts(hostPorts)} is held by another deployment. ${CHOOSE_ANOTHER}`,
      task,
    };
  return {
    kind: 'failed',
    code: 'NOT_SCHEDULED',
    reason: asSentence(`No node can run this: ${task.error ?? ''}`),
    task,
  };
}

/** Names the port that the Engine's text names, otherwise all host ports of the release. */
function namePorts(hostPorts: number[], text = ''): string {
  const named = hostPorts.filter((port) => text.includes(`:${port}`));
  const ports = named.length > 0 ? named : hostPorts;
  return ports.length === 1 ? `Host port ${ports[0]}` : `One of the host ports ${ports.join(', ')}`;
}
