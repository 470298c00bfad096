import { describe, expect, it } from 'vitest';
import type { SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import { assessDrain as assess } from './assess-drain.js';

const since = new Date('2026-01-01T00:00:00Z');
const later = new Date('2026-01-01T00:00:05Z');

const NODE = { id: 'n', state: 'ready', changedAt: new Date('2025-12-01T00:00:00Z') } as const;
const assessDrain = (input: Omit<Parameters<typeof assess>[0], 'nodes'>) => assess({ nodes: [NODE], ...input });

function task(more: Partial<SwarmTask> = {}): SwarmTask {
  return {
    id: 't',
    serviceId: 's',
    slot: 1,
    nodeId: 'n',
    state: 'running',
    desired: 'running',
    since,
    createdAt: since,
    message: '',
    error: undefined,
    exitCode: undefined,
    containerId: 'c',
    networks: [],
    labels: {},
    ...more,
  };
}
const crashed = task({
  state: 'failed',
  desired: 'shutdown',
  since: later,
  exitCode: 3,
  error: 'task: non-zero exit (3)',
});

describe('a release during the drain', () => {
  it('must be healthy while its tasks run, also after crashes before it was RUNNING', () => {
    const early = { ...crashed, since: new Date('2025-12-31T23:59:50Z') };
    expect(assessDrain({ tasks: [early, task()], tasksBefore: [task()], since })).toBeUndefined();
  });

  it('must have failed when a container of it ended', () => {
    expect(assessDrain({ tasks: [crashed, task()], tasksBefore: [task()], since })).toMatchObject({
      code: 'CONTAINER_CRASHED',
      reason:
        'A container ended with exit code 3 5 s after the release was RUNNING; the previous release keeps serving.',
    });
  });

  it('must have failed when its health check failed', () => {
    const unhealthy = { ...crashed, error: 'task: non-zero exit (137): dockerexec: unhealthy container' };
    expect(assessDrain({ tasks: [unhealthy], tasksBefore: [], since })?.code).toBe('HEALTHCHECK_TIMEOUT');
  });

  it('must not be blamed for what happened to the machine, or to the network', () => {
    expect(assessDrain({ tasks: [crashed], tasksBefore: [crashed], since })).toBeUndefined();
    const stale = { ...crashed, error: 'error creating vxlan interface: file exists' };
    expect(assessDrain({ tasks: [stale], tasksBefore: [], since })).toBeUndefined();
  });

  it('must not be blamed when its node or the Engine restarted, but for what happens later', () => {
    const restarted = { ...NODE, changedAt: new Date('2026-01-01T00:00:04Z') };
    const killed = { ...crashed, exitCode: 137 };
    expect(assess({ tasks: [killed], tasksBefore: [], nodes: [restarted], since })).toBeUndefined();
    expect(assess({ tasks: [killed], tasksBefore: [], nodes: [{ ...NODE, state: 'down' }], since })).toBeUndefined();
    expect(assessDrain({ tasks: [{ ...crashed, state: 'orphaned' }], tasksBefore: [], since })).toBeUndefined();
    const crashedLater = { ...crashed, since: new Date('2026-01-01T00:02:00Z') };
    const assessed = assess({ tasks: [killed, crashedLater], tasksBefore: [], nodes: [restarted], since });
    expect(assessed?.task).toBe(crashedLater);
  });

  it('must have failed beside a task that ran throughout on the same node, however recently the node changed', () => {
    const nodes = [{ ...NODE, changedAt: new Date('2026-01-01T00:00:04Z') }];
    const before = (more: Partial<SwarmTask>) => [task({ since: new Date('2025-12-31T23:59:00Z'), ...more })];
    expect(assess({ tasks: [crashed], tasksBefore: before({}), nodes, since })?.code).toBe('CONTAINER_CRASHED');
    const elsewhere = before({ nodeId: 'other' });
    expect(assess({ tasks: [crashed], tasksBefore: elsewhere, nodes, since })).toBeUndefined();
    // Swarm has started it again, after the restart of the Engine.
    const restarted = before({ since: new Date('2026-01-01T00:00:04Z') });
    expect(assess({ tasks: [crashed], tasksBefore: restarted, nodes, since })).toBeUndefined();
  });

  it('must not be blamed for having been scaled down', () => {
    expect(assessDrain({ tasks: [{ ...crashed, desired: 'remove' }], tasksBefore: [], since })).toBeUndefined();
  });
});
