import { describe, expect, it } from 'vitest';
import type { SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import { assessTasks } from './assess-tasks.js';
import { DEFAULT_HEALTH_TIMING } from '#src/modules/deployments/domain/release.js';
import { failureReport, type ReportedRelease } from './failure-report.js';

const START = new Date('2026-01-01T00:00:00Z');
const after = (seconds: number) => new Date(START.getTime() + seconds * 1000);
const task = (change: Partial<SwarmTask>): SwarmTask => ({
  id: 't1',
  serviceId: 's1',
  slot: 1,
  nodeId: 'n1',
  state: 'running',
  desired: 'running',
  since: START,
  createdAt: START,
  message: '',
  error: undefined,
  exitCode: undefined,
  containerId: 'c1',
  networks: [],
  labels: {},
  ...change,
});
const assess = (tasks: SwarmTask[], change: Partial<Parameters<typeof assessTasks>[0]> = {}) =>
  assessTasks({
    tasks,
    unhealthy: new Set(),
    replicas: 1,
    check: 'tcp',
    hostPorts: [8080, 9090],
    now: after(1),
    ...change,
  });
const crash = (id: string) =>
  task({ id, state: 'failed', desired: 'shutdown', error: 'task: non-zero exit (3)', exitCode: 3 });

describe('the assessment of a starting service', () => {
  it('must wait until every replica runs', () => {
    expect(assess([task({ state: 'starting' })]).kind).toBe('waiting');
    expect(assess([task({})], { replicas: 2 })).toEqual({ kind: 'waiting', message: '1 of 2 replicas are up' });
    expect(assess([task({}), task({ id: 't2', slot: 2 })], { replicas: 2 }).kind).toBe('up');
    expect(assess([task({ desired: 'shutdown' })]).kind).toBe('waiting');
  });

  it('must tolerate one or two crashes during the start, and call three a loop', () => {
    expect(assess([crash('a'), crash('b'), task({ id: 'c', state: 'starting' })]).kind).toBe('waiting');
    expect(assess([crash('a'), crash('b'), crash('c')])).toMatchObject({
      kind: 'failed',
      code: 'CONTAINER_CRASHED',
      reason: expect.stringContaining('exit code 3') as string,
    });
    expect(assess([crash('a'), crash('b')], { now: after(9) })).toMatchObject({
      kind: 'failed',
      code: 'CONTAINER_CRASHED',
    });
  });

  it('must not hold a VXLAN device that was left behind against the container', () => {
    const error =
      'network sandbox join failed: subnet sandbox join failed for "10.0.1.0/24": error creating vxlan interface: file exists';
    const stranded = ['a', 'b', 'c', 'd'].map((id) => task({ id, state: 'failed', desired: 'shutdown', error }));
    expect(assess([...stranded, task({ id: 'e', state: 'ready' })], { now: after(9) }).kind).toBe('waiting');
  });

  it('must tell an unhealthy container from a crash', () => {
    expect(assess([task({ state: 'starting' })], { unhealthy: new Set(['t1']) })).toMatchObject({
      code: 'PORT_NOT_LISTENING',
    });
    expect(assess([task({ state: 'starting' })], { unhealthy: new Set(['t1']), check: 'http' })).toMatchObject({
      code: 'HEALTHCHECK_TIMEOUT',
    });
  });

  it('must know a taken host port, from the network or from the scheduler', () => {
    expect(
      assess([
        task({
          state: 'rejected',
          error: 'driver failed programming external connectivity: 0.0.0.0:9090: address already in use',
        }),
      ]),
    ).toMatchObject({
      code: 'HOST_PORT_TAKEN',
      reason: expect.stringMatching(/^Host port 9090 is held by the machine/) as string,
    });
    const pending = task({ state: 'pending', error: 'no suitable node (host-mode port already in use on 1 node)' });
    expect(assess([pending]).kind).toBe('waiting');
    expect(assess([pending], { now: after(6) })).toMatchObject({
      code: 'HOST_PORT_TAKEN',
      reason: expect.stringContaining('8080, 9090 is held by another deployment') as string,
    });
    expect(
      assess([{ ...pending, error: 'no suitable node (insufficient resources on 1 node)' }], { now: after(6) }),
    ).toMatchObject({ code: 'NOT_SCHEDULED' });
  });
});

describe('the report of a failure', () => {
  const failed = {
    kind: 'failed',
    code: 'HEALTHCHECK_TIMEOUT',
    reason: 'The health check did not pass in time.',
    task: undefined,
    isSlowStart: true,
  } as const;
  const release = {
    healthCheck: { kind: 'http', path: '/', port: 80, ...DEFAULT_HEALTH_TIMING },
    imageHealth: undefined,
    ports: [{ container: 80, protocol: 'tcp' }],
    volumes: [{ name: 'data', path: '/data', readOnly: false }],
    publicDomain: null,
  } satisfies ReportedRelease;
  const evidence = { probeOutput: '', oomKilled: false, lines: [], release };
  const line = (text: string) => ({ time: '2026-01-01T00:00:00.000Z', stream: 'stdout' as const, text });
  const said = (probeOutput: string) => failureReport(failed, { ...evidence, probeOutput });

  it('must say when a server listens on 127.0.0.1 only', () => {
    const report = said('not listening on port 80; listening: 127.0.0.1:80, 0.0.0.0:9090');
    expect(report.code).toBe('PORT_NOT_LISTENING');
    expect(report.message).toContain('127.0.0.1 only');
    expect(said('not listening on port 80; listening: 127.0.0.1:81').message).not.toContain('127.0.0.1 only');
  });

  it('must say which field to change: the port, the host, the path or the start period', () => {
    expect(said('not listening on port 80; listening: [::]:3000').message).toContain('set ports[].container to 3000');
    expect(said('GET / answered 400: no such host: localhost').message).toMatch(
      /no such host: localhost.*Host: localhost.*set healthCheck\.host/s,
    );
    expect(said('GET / answered 404: Not Found').message).toContain('healthCheck.path');
    const slow = 'It had 90 s: if it needs longer to start, raise healthCheck.startPeriodSeconds (60).';
    for (const text of [
      'not listening on port 80; listening: nothing',
      'GET / gave no answer',
      '',
      'GET / answered 503',
    ])
      expect(said(text).message, text).toContain(slow);
    const { kind, code, reason, task: ended } = failed;
    const late = failureReport(
      { kind, code, reason, task: ended },
      { ...evidence, probeOutput: 'GET / gave no answer' },
    );
    expect(late.message).not.toContain('startPeriodSeconds');
  });

  it('must end with the last log lines, and stay under 2 KB', () => {
    const lines = Array.from({ length: 200 }, (_, index) => line(`line ${index} ${'x'.repeat(100)}`));
    const report = failureReport(failed, { ...evidence, lines });
    expect(report.message.length).toBeLessThan(2048);
    expect(report.message).toContain('line 199');
  });

  it('must add advice after the log lines: of the files first, else of the text', () => {
    const crashed = { ...failed, code: 'CONTAINER_CRASHED' } as const;
    const lines = [line("Error: EACCES: permission denied, open '/data/probe'"), line('x'.repeat(3000))];
    const report = failureReport(crashed, { ...evidence, lines });
    expect(report.message).toMatch(/\nAdvice: The volume at \/data belongs to another user/);
    expect(report.message.length).toBeLessThan(2000);
    expect(failureReport(crashed, { ...evidence, lines, advice: 'Do that.' }).message).toMatch(/\nAdvice: Do that\.$/);
  });

  it('must name memory when that was it', () => {
    expect(
      failureReport({ ...failed, code: 'CONTAINER_CRASHED' }, { ...evidence, oomKilled: true, lines: [line('x')] })
        .message,
    ).toContain('resources.memoryMb');
  });
});
