import { availableParallelism, loadavg } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Deployment, Run, RunAccepted, RunList } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { EventStream } from '../scenario/event-stream.js';
import { Moments } from '../scenario/moments.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const CANARY = 'canary-of-a-run';
const WEB = {
  name: 'web',
  image: 'busybox',
  tag: '1.36',
  command: sh(IDLE),
  envVars: { STAGE: 'one', LEVEL: 'info' },
  volumes: [{ name: 'data', path: '/data' }],
};
const ENDED = /^(SUCCEEDED|FAILED|TIMED_OUT|CANCELLED)$/;
/** Every write of an execution, in order: the process is killed in the transaction of each. */
const MOMENTS = ['run claimed', 'run RUNNING', 'run decided', 'log stored', 'run SUCCEEDED'];
/** Ignores SIGTERM, with its child. */
const STUBBORN = ['sh', '-c', "trap '' TERM; echo begun; while true; do sleep 1; done"];

const engine = new EngineView();
const bed = new ProxiedPlatform();
let client: ApiClient;
let moments: Moments;
let environmentId: string;
let web: Deployment;

beforeAll(async () => {
  client = await bed.start();
  moments = await new Moments(bed.platform).open();
  ({ id: environmentId } = await client.createEnvironment('shop'));
  web = await client.run({ environmentId, ...WEB });
});
afterAll(async () => {
  await moments?.close();
  await bed.stop();
});

const start = (command: string[], more: object = {}, deploymentId = web.id) =>
  client.ok<RunAccepted>('POST', `/deployments/${deploymentId}/runs`, { command, ...more });
const get = async (id: string, query = '') => (await client.ok<{ run: Run }>('GET', `/runs/${id}${query}`)).run;
const logsOf = async (id: string) => (await client.ok<{ logs: string }>('GET', `/runs/${id}/logs?tail=10000`)).logs;
const servicesOf = (runId: string) => engine.docker.listServices({ filters: { label: [`berth.run=${runId}`] } });
const containersOf = (runId: string) =>
  engine.docker.listContainers({ all: true, filters: { label: [`berth.run=${runId}`] } });

/** Waits for the end; nothing of the run is in the Engine then. */
async function ended(runId: string, withinMs = 120_000): Promise<Run> {
  const run = await eventually(async () => {
    const seen = await get(runId, '?wait=5');
    expect(seen.status).toMatch(ENDED);
    return seen;
  }, withinMs);
  expect(await servicesOf(runId)).toEqual([]);
  expect(await containersOf(runId)).toEqual([]);
  return run;
}

async function expectRunning(runId: string): Promise<void> {
  await eventually(async () => {
    const running = (await containersOf(runId)).filter(({ State }) => State === 'running');
    expect(running).toHaveLength(1);
  }, 60_000);
}

const linesIn = async (file: string) =>
  Number((await engine.exec(web.id, 'sh', '-c', `cat ${file} 2>/dev/null | wc -l`)).output);

describe('a run', () => {
  it('must have the variables, volumes and restrictions of its release, its output and its exit code', async () => {
    const script =
      'echo "$STAGE $LEVEL $TOKEN" >&2; echo kept > /data/from-run; grep -E "CapEff|NoNewPrivs" /proc/self/status';
    const accepted = await start(['sh', '-c', script], { envVars: { LEVEL: 'debug', TOKEN: CANARY } });
    expect(accepted.status).toBe('PENDING');
    const run = await ended(accepted.runId);
    expect(run).toMatchObject({
      ...{ id: accepted.runId, jobId: accepted.jobId, deploymentId: web.id, environmentId, name: 'web' },
      ...{ status: 'SUCCEEDED', exitCode: 0, trigger: 'API', errorCode: null, errorMessage: null },
      envVars: { LEVEL: '***', TOKEN: '***' },
      timeoutSeconds: 3600,
      resources: web.resources,
    });
    const logs = await logsOf(run.id);
    expect(logs).toContain(`one debug ${CANARY}`);
    const status = (await engine.exec(web.id, 'grep', '-E', 'CapEff|NoNewPrivs', '/proc/1/status')).output;
    for (const line of status.trim().split('\n')) expect(logs).toContain(line.trim());
    expect((await engine.exec(web.id, 'cat', '/data/from-run')).output).toContain('kept');
    const { body } = await client.request<string>('GET', `/runs/${run.id}/logs`, undefined, { Accept: 'text/plain' });
    expect(body).toBe(logs);
    const rows = await bed.platform.sql<{ row: object }>('SELECT to_jsonb(r) AS row FROM "Run" r');
    const audited = await bed.platform.sql<{ action: string }>('SELECT * FROM "AuditEvent" WHERE target = $1', [
      run.id,
    ]);
    expect(JSON.stringify([rows, audited, bed.platform.logs])).not.toContain(CANARY);
    expect(audited.map(({ action }) => action)).toEqual(['run.created']);
  });

  it('must be no replica, and not answer by the name', { tags: 'long' }, async () => {
    const { runId } = await start(['sh', '-c', 'httpd -p 80 -h /; sleep 600']);
    await expectRunning(runId);
    expect(await engine.containersOf(web.id)).toHaveLength(1);
    expect((await client.deployment(web.id)).containers).toHaveLength(1);
    const [service] = await servicesOf(runId);
    expect(service?.Spec?.Labels).not.toHaveProperty('berth.deployment');
    const { Networks: networks } = service?.Spec?.TaskTemplate as { Networks: { Aliases?: string[] }[] };
    expect(networks.flatMap(({ Aliases }) => Aliases ?? [])).toEqual([]);
    await client.ok('POST', `/runs/${runId}/cancel`);
    expect((await ended(runId)).status).toBe('CANCELLED');
  });

  it('must say how it failed: by an exit code, a signal, or because it was not started', async () => {
    const [failing, killed, unknown] = [
      await start(['sh', '-c', 'echo about to fail; exit 3']),
      await start(['sh', '-c', 'kill -9 $$']),
      await start(['no-such-program']),
    ];
    expect(await ended(failing.runId)).toMatchObject({ status: 'FAILED', exitCode: 3, errorCode: 'COMMAND_FAILED' });
    expect((await get(failing.runId)).errorMessage).toContain('exit code 3.\nLast lines:\nabout to fail');
    const signaled = await ended(killed.runId);
    expect(signaled).toMatchObject({ status: 'FAILED', exitCode: 137 });
    expect(signaled.errorMessage).toContain('137 (SIGKILL): out of memory or killed');
    expect((await ended(unknown.runId)).status).toBe('FAILED');
    expect((await get(unknown.runId)).errorMessage).toMatch(/no-such-program|could not be started|exit code 127/);
  });

  it('must end within five seconds when it is cancelled, and by its timeout', async () => {
    const { runId } = await start(STUBBORN);
    await expectRunning(runId);
    const begin = Date.now();
    expect((await client.request('POST', `/runs/${runId}/cancel`)).status).toBe(202);
    expect(await ended(runId)).toMatchObject({ status: 'CANCELLED', exitCode: null, errorCode: 'CANCELLED' });
    const share = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    expect(Date.now() - begin).toBeLessThan(5000 * share);
    expect(await logsOf(runId)).toContain('begun');
    expect(await client.request('POST', `/runs/${runId}/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'RUN_NOT_CANCELLABLE' },
    });
    const late = await ended((await start(STUBBORN, { timeoutSeconds: 3 })).runId);
    expect(late).toMatchObject({ status: 'TIMED_OUT', exitCode: null, errorCode: 'TIMED_OUT' });
    expect(late.errorMessage).toContain('did not end within 3 s.');
  });

  it('must be followed to its end, as events and as text', async () => {
    const { runId } = await start(['sh', '-c', 'for i in 1 2 3 4 5; do echo line $i; sleep 1; done']);
    const url = `${bed.platform.baseUrl}/runs/${runId}/logs?follow=true`;
    const key = { 'X-API-Key': client.apiKey };
    const events = await EventStream.open(url, key);
    const text = fetch(url, { headers: { ...key, Accept: 'text/plain' } });
    expect(await events.ended).toBe('end');
    const lines = ['line 1', 'line 2', 'line 3', 'line 4', 'line 5'];
    expect(events.lines).toEqual(lines);
    expect((await (await text).text()).match(/line \d/g)).toEqual(lines);
    expect((await ended(runId)).status).toBe('SUCCEEDED');
    const resumed = await EventStream.open(url, { ...key, 'Last-Event-ID': events.received[2]?.id ?? '' });
    await resumed.ended;
    expect(resumed.lines).toEqual(lines.slice(3));
  });

  it('must be listed, page by page, and found by nobody else', async () => {
    const page = (query: string) =>
      client.ok<RunList>('GET', `/environments/${environmentId}/runs?limit=2&name=web${query}`);
    const { runs, nextCursor } = await page('');
    expect(runs).toHaveLength(2);
    const next = await page(`&cursor=${nextCursor ?? ''}`);
    expect(next.runs.map(({ id }) => id)).not.toContain(runs[1]?.id);
    const other = await bed.platform.client('2', 'ENVIRONMENTS_READ,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,LOGS_READ');
    const nobody = 'cl0000000000000000000000x';
    const theirs = runs[0]?.id ?? '';
    for (const [method, path] of [
      ['GET', '/runs/:id'],
      ['GET', '/runs/:id?wait=5'],
      ['GET', '/runs/:id/logs'],
      ['GET', '/runs/:id/logs?follow=true'],
      ['POST', '/runs/:id/cancel'],
    ] as const) {
      const answers = await Promise.all(
        [theirs, nobody].map(async (id) => {
          const { status, body } = await other.request(method, path.replace(':id', id));
          const text = JSON.stringify({ ...body, requestId: '', timestamp: '', instance: '' });
          return { status, text: text.replaceAll(id, '…') };
        }),
      );
      expect(answers[0], path).toEqual(answers[1]);
      expect(answers[0]?.status, path).toBe(404);
    }
    const command = ['true'];
    expect((await other.request('POST', `/deployments/${web.id}/runs`, { command })).status).toBe(404);
    const byName = `/environments/${environmentId}/deployments/web/runs`;
    expect((await other.request('POST', byName, { command })).body.code).toBe('ENVIRONMENT_NOT_FOUND');
    expect((await other.request('GET', `/environments/${environmentId}/runs`)).status).toBe(404);
    const reader = await bed.platform.client('1', 'DEPLOYMENTS_READ');
    expect((await reader.request('POST', byName, { command })).status).toBe(403);
  });

  it('must be refused by the name of the field, and for a release that does not run', async () => {
    const path = `/deployments/${web.id}/runs`;
    for (const [field, value] of [
      ...[undefined, [], 'true', [1]].map((command) => ['command', command] as const),
      ...[0, 86_401, 1.5, '60'].map((timeoutSeconds) => ['timeoutSeconds', timeoutSeconds] as const),
      ['envVars', 7],
      ['surprise', 1],
    ] as const) {
      const answer = await client.request('POST', path, { command: ['true'], [field]: value });
      expect([answer.status, answer.body.errors?.[0]?.path], `${field} ${JSON.stringify(value)}`).toEqual([400, field]);
    }
    const withNul = await client.request('POST', path, { command: ['sh', 'a\0b'] });
    expect([withNul.status, withNul.body.errors?.[0]?.path]).toEqual([400, 'command.1']);
    const failed = await client.fail({ environmentId, ...WEB, volumes: [], name: 'broken', command: ['false'] });
    expect(await client.request('POST', `/deployments/${failed.id}/runs`, { command: ['true'] })).toMatchObject({
      status: 409,
      body: { code: 'DEPLOYMENT_STATUS_CONFLICT' },
    });
    const byName = (name: string) =>
      client.request('POST', `/environments/${environmentId}/deployments/${name}/runs`, { command: ['true'] });
    expect((await byName('broken')).body.code).toBe('DEPLOYMENT_STATUS_CONFLICT');
    expect((await byName('never')).body.code).toBe('DEPLOYMENT_NOT_FOUND');
  });

  it('must be created once for an Idempotency-Key', async () => {
    const headers = { 'Idempotency-Key': 'migrate-1' };
    const path = `/environments/${environmentId}/deployments/web/runs`;
    const send = () => client.request<RunAccepted>('POST', path, { command: ['true'] }, headers);
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(first.headers.get('location')).toContain(`/runs/${first.body.runId}`);
    await ended(first.body.runId);
  });
});

describe('runs and their release', () => {
  it('must all end, more than may run at once, each run once', { tags: 'long' }, async () => {
    const commands = Array.from({ length: 50 }, (_, index) => ['sh', '-c', `echo ${index} >> /data/many`]);
    const accepted = await Promise.all(commands.map((command) => start(command, { resources: { memoryMb: 32 } })));
    for (const { runId } of accepted) expect((await ended(runId, 240_000)).status).toBe('SUCCEEDED');
    expect(await linesIn('/data/many')).toBe(50);
  });

  it('must go on when the release is replaced and stopped', { tags: 'long' }, async () => {
    const other = { environmentId, ...WEB, name: 'replaced', volumes: [] };
    const old = await client.run(other);
    const gate = ['sh', '-c', 'trap "exit 0" USR1; echo waits; while true; do sleep 0.2; done'];
    const { runId } = await start(gate, {}, old.id);
    await expectRunning(runId);
    const next = await client.run({ ...other, command: sh(`echo new; ${IDLE}`) });
    await client.expectDeployment(old.id, 'STOPPED', 30_000);
    await client.ok('POST', `/deployments/${next.id}/stop`);
    await client.expectDeployment(next.id, 'STOPPED', 30_000);
    const [container] = await containersOf(runId);
    expect(container?.State).toBe('running');
    await engine.docker.getContainer(container?.Id ?? '').kill({ signal: 'USR1' });
    expect((await ended(runId)).status).toBe('SUCCEEDED');
    const again = await start(['echo', 'still here'], {}, old.id);
    expect((await ended(again.runId)).status).toBe('SUCCEEDED');
  });

  it('must end with their environment', { tags: 'long' }, async () => {
    const { id } = await client.createEnvironment();
    const deployment = await client.run({ environmentId: id, ...WEB });
    const { runId } = await start(STUBBORN, {}, deployment.id);
    await expectRunning(runId);
    await client.deleteEnvironment(id);
    expect((await get(runId)).status).toBe('CANCELLED');
    expect(await engine.leftovers(id)).toEqual([]);
  });
});

describe('kill -9 of the API', () => {
  async function survives(killIn: string[], file: string): Promise<void> {
    const { runId } = await moments.killIn(killIn, () => start(['sh', '-c', `echo once >> ${file}; echo done`]));
    expect(await ended(runId)).toMatchObject({ status: 'SUCCEEDED', exitCode: 0 });
    expect(await linesIn(file)).toBe(1);
    expect((await logsOf(runId)).match(/done/g)).toHaveLength(1);
  }

  it('must begin no run twice, and lose none', () => survives(['run RUNNING'], '/data/killed'));

  it('must begin no run twice, in whichever write it comes, and lose none', { tags: 'long' }, () =>
    survives(MOMENTS, '/data/killed-often'),
  );

  it('must not start again what may have started', { tags: 'long' }, async () => {
    for (const [when, status, count] of [
      ['before', 'FAILED', 0],
      ['after', 'SUCCEEDED', 1],
    ] as const) {
      const held = bed.proxy.hold(when, 'POST', /\/services\/create/);
      onTestFinished(() => held.release());
      const file = `/data/${when}`;
      const { runId } = await start(['sh', '-c', `echo once >> ${file}`]);
      await held.reached;
      await bed.platform.kill9();
      held.release();
      await bed.platform.start();
      const run = await ended(runId);
      expect(run.status, when).toBe(status);
      expect(run.errorCode, when).toBe(status === 'FAILED' ? 'RUN_LOST' : null);
      expect(await linesIn(file), when).toBe(count);
    }
  });

  it('must continue to watch a run, cancel it, and end it at its deadline', { tags: 'long' }, async () => {
    const [watched, cancelledBefore] = [await start(STUBBORN), await start(STUBBORN)];
    for (const { runId } of [watched, cancelledBefore]) await expectRunning(runId);
    const late = await start(STUBBORN, { timeoutSeconds: 10 });
    await eventually(async () => expect((await get(late.runId)).startedAt).not.toBeNull(), 60_000);
    await client.ok('POST', `/runs/${cancelledBefore.runId}/cancel`);
    await bed.platform.kill9();
    await bed.platform.start();
    expect((await get(watched.runId)).status).toBe('RUNNING');
    await client.ok('POST', `/runs/${watched.runId}/cancel`);
    expect((await ended(watched.runId)).status).toBe('CANCELLED');
    expect((await ended(cancelledBefore.runId)).status).toBe('CANCELLED');
    expect(await ended(late.runId)).toMatchObject({ status: 'TIMED_OUT', exitCode: null });
  });
});
