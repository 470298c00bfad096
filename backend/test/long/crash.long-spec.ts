/** The kinds of releases that test/e2e/crash.e2e-spec.ts leaves out: most of their steps are those of the others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../scenario/archives.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Moments, momentsOf } from '../scenario/moments.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { stepsOf, survives } from '../scenario/survives.js';

const OLD = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) };
const STOP_FIRST = { ...OLD, volumes: [{ name: 'data', path: '/data' }] };

const engine = new EngineView();
const platform = new Platform();
let client: ApiClient;
let moments: Moments;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
  moments = await new Moments(platform).open();
});
afterAll(async () => {
  await moments.close();
  await platform.stop();
});

describe('kill -9 of the API in every moment', () => {
  it('of a release from an upload, in the steps that an image does not have', async () => {
    const { id: environmentId } = await client.createEnvironment();
    await client.run({ environmentId, ...OLD });
    const { uploadId } = await client.upload(await scratchFolder());
    const body = { environmentId, name: 'web', uploadId, ports: [{ container: 8080 }] };
    const steps = await stepsOf(client, '/deployments/from-upload', body);
    const killIn = ['BuildImage begins', 'PushImage begins', 'CreateVolumes begins'];
    await survives(moments, client, environmentId, { steps, killIn }, () => client.deployFromUpload(body));
    expect(await engine.imagesOf(environmentId)).toHaveLength(1);
  });

  it('of a release that stops the old one first, and of a way back to that', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const first = await client.run({ environmentId, ...STOP_FIRST });
    const steps = await stepsOf(client, '/deployments', { environmentId, ...STOP_FIRST });
    const killIn = momentsOf(steps.slice(steps.indexOf('StopPrevious')));
    const second = await survives(moments, client, environmentId, { steps, killIn }, () =>
      client.deploy({ environmentId, ...STOP_FIRST }),
    );
    const back = steps.filter((name) => name !== 'ResolveImage');
    await survives(moments, client, environmentId, { steps: back, killIn: back.map((step) => `${step} begins`) }, () =>
      client.ok('POST', `/deployments/${second.id}/rollback`, { deploymentId: first.id }),
    );
  });
});
