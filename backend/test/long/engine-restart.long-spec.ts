import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { SMALL_WEB_APPLICATION, uniqueDomain } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';
import { engineUnderTest } from '../testbed/testbed.js';

const SITES = Number(process.env['BERTH_RESTART_SITES'] ?? 20);
const AT_ONCE = 4;
const BACK_MS = 60_000;
const HEALED_MS = 20_000;
const site = new PublicPlatform();
const domains: string[] = [];
let client: ApiClient;

/** The Engine ends with everything in it; sites come back by themselves, or by the healer where a VXLAN device was left behind. */
describe(`restarts of the Engine with ${SITES} public environments`, () => {
  beforeAll(async () => {
    client = await site.start();
    const names = Array.from({ length: SITES }, (_, index) => uniqueDomain(`restart${index}`));
    const publish = async () => {
      for (let domain = names.pop(); domain !== undefined; domain = names.pop()) {
        const { id } = await client.createEnvironment();
        await client.run({ environmentId: id, ...SMALL_WEB_APPLICATION });
        await site.publish(client, id, { domain });
        await site.secured(client, id);
        domains.push(domain);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, publish));
  }, WAIT_FOR_OTHERS_MS);
  afterAll(() => site.stop(), 300_000);

  it.each(['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const)(
    'must bring all sites back within a minute after %s',
    async (signal) => {
      await engineUnderTest().restart(signal);
      const begin = Date.now();
      await allAnswer(BACK_MS);
      tell(`${signal}: all back after ${seconds(begin)} s; ${await healed()} devices removed so far`);
    },
  );

  it('must bring back without the API what needs no healing, and the rest within twenty seconds after it starts', async () => {
    await site.platform.terminate();
    await engineUnderTest().restart('SIGKILL');
    const restarted = Date.now();
    let alone = 0;
    await eventually(async () => {
      alone = await answering();
      expect(alone).toBe(SITES);
    }, BACK_MS).catch(() => undefined);
    tell(`without the API ${alone} of ${SITES} are back after ${seconds(restarted)} s`);
    await site.platform.start();
    const begin = Date.now();
    await allAnswer(HEALED_MS);
    tell(`with it, all after ${seconds(begin)} s; ${await healed()} devices removed`);
    expect(await healed()).toBeGreaterThanOrEqual(alone < SITES ? 1 : 0);
  });
});

async function allAnswer(withinMs: number): Promise<void> {
  await eventually(async () => expect(await answering()).toBe(SITES), withinMs);
}

/** How many sites answer by HTTPS, with their own certificates. */
async function answering(): Promise<number> {
  const visits = domains.map((domain) =>
    site.https(domain).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return (await Promise.all(visits)).filter(Boolean).length;
}

async function healed(): Promise<number> {
  return Number((await site.ingressHealth())?.['staleDevicesRemoved'] ?? 0);
}

const seconds = (begin: number) => ((Date.now() - begin) / 1000).toFixed(1);
const tell = (line: string) => process.stdout.write(`${line}\n`);
