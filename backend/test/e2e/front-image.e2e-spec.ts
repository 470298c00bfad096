/** @module-tag long */
/** A machine whose registry cannot be reached has no image for the front: everything else works, and the log stays readable. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { acquireStartLock } from '#src/core/database/start-lock.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';
import { stateDir } from '../testbed/state-dir.js';

const NAME = { repo: `front-image-${process.pid}`, tag: '1' };
const IMAGE = `${NAME.repo}:${NAME.tag}`;
const SWEEPS = 3;
const engine = new EngineView();
let platform: Platform;
let unlock: () => Promise<void>;

beforeAll(async () => {
  unlock = await acquireStartLock(stateDir.run, WAIT_FOR_OTHERS_MS);
  const [http, https] = [await freePort(), await freePort()];
  platform = await new Platform({
    INGRESS: 'on',
    INGRESS_HTTP_PORT: String(http),
    INGRESS_HTTPS_PORT: String(https),
    NGINX_IMAGE: IMAGE,
  }).start();
}, WAIT_FOR_OTHERS_MS);

afterAll(async () => {
  await platform.restart({ INGRESS: 'off' }); // takes the front away
  await eventually(async () => expect(await engine.ingress()).toEqual([]), 60_000);
  await platform.stop();
  await engine.docker.getImage(IMAGE).remove();
  await unlock();
});

it('must be said once, keep no job failing, and be found when it is loaded', async () => {
  await eventually(async () => expect(await health()).toMatchObject({ status: 'down' }), 60_000);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    await platform.sql(`SELECT graphile_worker.add_job('ingress.sweep', '{}'::json)`);
    await eventually(async () => expect(await sweepsInQueue()).toBe(0), 30_000);
  }
  expect(platform.logs.split(`Public names wait for the image ${IMAGE}`)).toHaveLength(2);
  expect(platform.logs).not.toContain('Failed task');
  expect((await fetch(`${platform.baseUrl}/health`)).status).toBe(200);

  await engine.pull('nginx:1.30-alpine');
  await engine.docker.getImage('nginx:1.30-alpine').tag(NAME);
  await eventually(async () => expect(await health()).toMatchObject({ status: 'up' }), 60_000);
});

async function health(): Promise<Record<string, unknown> | undefined> {
  const answer = await fetch(`${platform.baseUrl}/health`);
  const { details } = (await answer.json()) as { details: Record<string, Record<string, unknown>> };
  return details['ingress'];
}

async function sweepsInQueue(): Promise<number> {
  const rows = await platform.sql(`SELECT 1 FROM graphile_worker.jobs WHERE task_identifier = 'ingress.sweep'`);
  return rows.length;
}
