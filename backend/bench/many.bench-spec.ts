import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { Platform } from '../test/scenario/platform.js';
import { print, Report } from './report.js';
import { cleanUp, IDLE } from './workload.js';

const COUNT = 200;
const BATCH = 10;
/** The shortest and the longest that is allowed: names of services and networks are made of them. */
const NAMES = ['e', 'e'.repeat(32)];

const platform = new Platform();
const report = new Report('many: identical deployments in environments with names of 1 and 32 characters');
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
});
afterAll(() => cleanUp(platform, client));

it(`${COUNT} identical deployments must all run`, async () => {
  const environments = await Promise.all(NAMES.map((name) => client.createEnvironment(name)));
  let running = 0;
  for (let done = 0; done < COUNT; done += BATCH) {
    const environment = environments[(done / BATCH) % environments.length];
    const body = { environmentId: environment?.id, ...IDLE };
    const statuses = await Promise.all(Array.from({ length: BATCH }, () => runAndDelete(body)));
    running += statuses.filter((status) => status === 'RUNNING').length;
    print(`${done + BATCH}/${COUNT}: ${running} RUNNING`);
  }
  await Promise.all(environments.map(({ id }) => client.deleteEnvironment(id)));
  report.add({ what: 'RUNNING', measured: running, limit: COUNT, isMinimum: true, unit: '' });
  report.conclude();
});

/** It goes while the next batch comes. */
async function runAndDelete(body: object): Promise<string> {
  const { jobId, deploymentId } = await client.deploy(body);
  const { status, errorCode, errorMessage } = await client.settled(jobId, 120_000);
  if (status !== 'RUNNING') print(`${deploymentId}: ${status} ${errorCode ?? ''} ${errorMessage ?? ''}`);
  await client.ok('DELETE', `/deployments/${deploymentId}`);
  return status;
}
