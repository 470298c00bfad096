import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { runCommand } from '../testbed/run-command.js';
import { eventually } from '../testbed/eventually.js';

const UNUSED_ID = 16_000_001;

const site = new PublicPlatform();
let client: ApiClient;

beforeAll(async () => {
  client = await site.start();
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

/** What restarts of the Engine leave behind now and then, made by hand: Docker can then not make the device of that network again. */
it('a VXLAN device that was left behind must be removed, and told', async () => {
  const { id: environmentId, overlayNetworkId } = await client.createEnvironment();
  const network = (await site.engine.docker.getNetwork(overlayNetworkId).inspect()) as {
    Id: string;
    Options: Record<string, string>;
  };
  const id = Number(network.Options['com.docker.network.driver.overlay.vxlanid_list']);
  const device = `vx-${id.toString(16).padStart(6, '0')}-${network.Id.slice(0, 5)}`;
  // With a number that is nobody's: what is in Docker's way is the name.
  await runCommand('ip', ['link', 'add', device, 'type', 'vxlan', 'id', String(UNUSED_ID), 'dstport', '4789']);

  const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(IDLE) });
  await eventually(async () => {
    expect((await site.ingressHealth())?.['staleDevicesRemoved']).toBe(1);
  }, 60_000);
  expect(site.platform.logs).toContain(`removed ${device}`);
  await expect(runCommand('ip', ['link', 'show', device])).rejects.toThrow();
  expect((await client.settled(jobId)).status).toBe('RUNNING');
});
