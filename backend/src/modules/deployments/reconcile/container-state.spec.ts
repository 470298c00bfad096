import { describe, expect, it } from 'vitest';
import type { SwarmTask, TaskState } from '#src/integrations/docker/swarm-tasks.js';
import { type KnownContainer, deriveReplicaStatus } from './container-state.js';

const known: KnownContainer = { slot: 1, taskId: 'a', status: 'RUNNING', healthStatus: 'NONE', restartCount: 4 };
const task = (id: string, state: TaskState = 'running'): SwarmTask => ({
  id,
  serviceId: 's',
  slot: 1,
  nodeId: 'n',
  state,
  desired: 'running',
  since: new Date(0),
  createdAt: new Date(0),
  message: '',
  error: undefined,
  exitCode: undefined,
  containerId: 'c',
  networks: [],
  labels: {},
});
const running = (health?: 'starting' | 'healthy' | 'unhealthy') => ({
  running: true,
  startedAt: new Date(0),
  exitCode: 0,
  oomKilled: false,
  health: health && { status: health, lastOutput: '' },
});

describe("a replica's status", () => {
  it('must count the tasks that came after the one last seen', () => {
    expect(deriveReplicaStatus(known, [task('a')], running()).restartCount).toBe(4);
    expect(deriveReplicaStatus(known, [task('a', 'failed'), task('b', 'failed'), task('c')], running())).toMatchObject({
      restartCount: 6,
      taskId: 'c',
    });
    expect(deriveReplicaStatus({ ...known, taskId: null, restartCount: 0 }, [task('a')], running()).restartCount).toBe(
      0,
    );
    expect(
      deriveReplicaStatus({ ...known, taskId: null, restartCount: 0 }, [task('a', 'failed'), task('b')], running())
        .restartCount,
    ).toBe(1);
    expect(deriveReplicaStatus(known, [task('x', 'failed'), task('y')], running()).restartCount).toBe(6);
  });

  it('must follow health, and have none where nothing runs', () => {
    expect(deriveReplicaStatus(known, [task('a')], running('unhealthy'))).toMatchObject({
      status: 'RUNNING',
      healthStatus: 'UNHEALTHY',
    });
    expect(deriveReplicaStatus(known, [task('a', 'starting')], running('starting'))).toMatchObject({
      status: 'RUNNING',
      healthStatus: 'STARTING',
    });
    expect(deriveReplicaStatus(known, [task('a', 'failed')], undefined)).toMatchObject({
      status: 'FAILED',
      healthStatus: 'NONE',
    });
    expect(deriveReplicaStatus(known, [], undefined)).toMatchObject({
      status: 'STOPPED',
      healthStatus: 'NONE',
      restartCount: 4,
    });
  });
});
