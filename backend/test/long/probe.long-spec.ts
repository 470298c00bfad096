/**
 * The health probe in real containers: it is mounted as a Swarm config and is the HEALTHCHECK, as in every deployment, without any
 * capability and, unless a test says otherwise, for a user that is not root on a file system that cannot be written.
 */
import type { ContainerSpec, Network, Service } from 'dockerode';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../testbed/eventually.js';
import { MACHINE_ARCHITECTURE } from '../testbed/push-image.js';
import { runCommand } from '../testbed/run-command.js';
import { engineUnderTest } from '../testbed/testbed.js';

interface Look {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

interface Health {
  Status: string;
  Log: Look[];
}

const PROBE_FOLDER = fileURLToPath(new URL('../../probe/', import.meta.url));
const PROBE = '/.berth/probe';
const MILLISECOND_NS = 1_000_000;
const VERDICT_TIMEOUT_MS = 45_000;
const CLEANUP_TIMEOUT_MS = 60_000;
/** Failures in a row before the verdict: a program may take a moment to start. */
const RETRIES = 10;

const busybox = (command: string): Partial<ContainerSpec> => ({ Image: 'busybox:1.36', Command: command.split(' ') });
const shell = (script: string): Partial<ContainerSpec> => ({
  Image: 'busybox:1.36',
  Command: ['sh', '-c', script],
});
/** Holds one static program and nothing else; answers 200, and 500 to /boom. */
const scratch = (...env: string[]): Partial<ContainerSpec> => ({ Image: 'scratch-http:1', Env: env });

describe('the checked-in probe', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-probe-'));
    await runCommand('bash', [join(PROBE_FOLDER, 'build.sh'), folder]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.for([
    ['amd64', 'x86_64-linux-gnu-gcc-12'],
    ['arm64', 'aarch64-linux-gnu-gcc-12'],
  ] as const)('for %s must be, byte for byte, what its source builds', ([arch, compiler], { skip }) => {
    const built = join(folder, `berth-probe-${arch}`);
    skip(!existsSync(built), `${compiler} is not installed, so that the probe for ${arch} cannot be rebuilt`);
    expect(sha256(built)).toBe(sha256(checkedIn(arch)));
  });

  it.each(['amd64', 'arm64'])('for %s must be small and listed with its checksum', (arch) => {
    const sums = readFileSync(join(PROBE_FOLDER, 'bin/SHA256SUMS'), 'utf8').split('\n');
    expect(sums).toContain(`${sha256(checkedIn(arch))}  berth-probe-${arch}`);
    expect(readFileSync(checkedIn(arch)).length).toBeLessThan(8 * 1024);
  });
});

// At the same time, since most of each one's time is Swarm's.
describe.concurrent('a container with the probe as its health check', () => {
  const { docker } = engineUnderTest();
  const suffix = `${process.pid}-${Date.now()}`;
  const services: Service[] = [];
  let network: Network;
  let configId: string;

  beforeAll(async () => {
    network = await docker.createNetwork({ Name: `probe-test-${suffix}`, Driver: 'overlay' });
    const Data = readFileSync(checkedIn(MACHINE_ARCHITECTURE)).toString('base64');
    ({ id: configId } = (await docker.createConfig({ Name: `probe-test-${suffix}`, Data })) as { id: string });
  });

  afterAll(async () => {
    await Promise.all(services.map((service) => service.remove() as Promise<unknown>));
    for (const { id } of services)
      await eventually(async () => expect(await containersOf(id)).toEqual([]), CLEANUP_TIMEOUT_MS);
    await docker.getConfig(configId).remove();
    await eventually(() => network.remove() as Promise<unknown>, CLEANUP_TIMEOUT_MS);
  });

  it('must become healthy once its port accepts connections', async () => {
    const service = await run(busybox('httpd -f -p 8080 -h /etc'), ['tcp', '8080']);
    await expectHealthy(service);
  });

  it('must become healthy with nothing in its image but one static program', async () => {
    const service = await run(scratch(), ['tcp', '8080']);
    await expectHealthy(service);
  });

  it('must become healthy as root without capabilities as well', async () => {
    const service = await run({ ...scratch(), User: '0:0', ReadOnly: false }, ['http', '8080', '/']);
    await expectHealthy(service);
  });

  it('must be unhealthy, and say that nothing listens, while nothing does', async () => {
    const service = await run(busybox('sleep 3600'), ['tcp', '8080']);
    await expectUnhealthy(service, 'not listening on port 8080; listening: nothing');
  });

  it('must be unhealthy, and say which address it is, when only loopback is listened on', async () => {
    const service = await run(scratch('LISTEN=127.0.0.1'), ['tcp', '8080']);
    await expectUnhealthy(service, 'not listening on port 8080; listening: 127.0.0.1:8080');
  });

  it('must be unhealthy, and say which port it is, when another one is listened on', async () => {
    const service = await run(scratch('PORT=3000'), ['http', '8080', '/health']);
    await expectUnhealthy(service, 'not listening on port 8080; listening: 0.0.0.0:3000');
  });

  it('must be unhealthy, and say all of them, when other ones are listened on, IPv6 as well', async () => {
    const service = await run(shell('httpd -p 0.0.0.0:3000; httpd -p [::]:9000; sleep 3600'), ['tcp', '8080']);
    await expectUnhealthy(service, 'not listening on port 8080; listening: 0.0.0.0:3000, [::]:9000');
  });

  it('must list ten listeners at most', async () => {
    const servers = 'for port in $(seq 3001 3012); do httpd -p 0.0.0.0:$port; done; sleep 3600';
    const service = await run(shell(servers), ['tcp', '8080']);
    const ten = /^not listening on port 8080; listening: (0\.0\.0\.0:30\d\d, ){9}0\.0\.0\.0:30\d\d$/;
    await expectUnhealthy(service, expect.stringMatching(ten));
  });

  it('must become healthy when the path answers 200', async () => {
    const service = await run(busybox('httpd -f -p 8080 -h /etc'), ['http', '8080', '/services']);
    await expectHealthy(service);
  });

  it.each([
    [404, '/nowhere', busybox('httpd -f -p 8080 -h /etc'), /^GET \/nowhere answered 404: [^<]*not found/i],
    [500, '/boom', scratch(), /^GET \/boom answered 500: boom$/],
  ])('must be unhealthy, and say what the answer says, when the path answers %i', async (_, path, program, line) => {
    const service = await run(program, ['http', '8080', path]);
    await expectUnhealthy(service, expect.stringMatching(line));
  });

  it('must be unhealthy, and say so, when what answers is not HTTP', async () => {
    const service = await run(busybox('nc -ll -p 8080 -e cat'), ['http', '8080', '/health']);
    await expectUnhealthy(service, 'GET /health gave no answer');
  });

  it.each([
    ['localhost', []],
    ['shop.test', ['other.test', 'shop.test']],
  ])('must send its whole request at once, for the host %s, and say who asks', async (host, hosts) => {
    const request = `GET /health HTTP/1.1|Host: ${host}|User-Agent: berth-probe|Connection: close||`;
    // Answers 200 to exactly this in one read, and 400 to anything else.
    const answer = [
      String.raw`got=$(dd bs=4096 count=1 2>/dev/null | tr -d '\r' | tr '\n' '|')`,
      `[ "$got" = "${request}" ] && status=200 || status=400`,
      String.raw`printf "HTTP/1.0 $status Compared\r\n\r\n"`,
    ];
    const program = ['nc', '-ll', '-p', '8080', '-e', 'sh', '-c', answer.join('\n')];
    const service = await run({ Image: 'busybox:1.36', Command: program }, ['http', '8080', '/health', ...hosts]);
    await expectHealthy(service);
  });

  it("must wait for an answer for as long as the health check's own timeout lets it", async () => {
    const answer = "read request; sleep 4; printf 'HTTP/1.0 200 OK\\r\\n\\r\\n'";
    const program = { Image: 'busybox:1.36', Command: ['nc', '-ll', '-p', '8080', '-e', 'sh', '-c', answer] };
    const service = await run(program, ['http', '8080', '/health'], 20_000);
    await expectHealthy(service);
  });

  it("must be unhealthy after the health check's own timeout when no answer comes", async () => {
    const service = await run(busybox('nc -ll -p 8080 -e sleep 3600'), ['http', '8080', '/health'], 2000, 3);
    await expectUnhealthy(service, expect.stringContaining('Health check exceeded timeout (2s)'), -1);
  });

  it('must rest after a check that passed, once it has been up for a while, and only then', async () => {
    const calm = await run(busybox('httpd -f -p 8080 -h /etc'), ['calm', '8', '20', 'tcp', '8080'], 20_000);
    await expectHealthy(calm);
    const early = (await healthOf(calm)).Log.map(tookMs);
    expect(Math.min(...early)).toBeLessThan(7000);
    await eventually(async () => {
      expect(tookMs((await healthOf(calm)).Log.at(-1))).toBeGreaterThan(7900);
    }, VERDICT_TIMEOUT_MS);
    const broken = await run(busybox('sleep 3600'), ['calm', '60', '1', 'tcp', '8080']);
    await expectUnhealthy(broken, 'not listening on port 8080; listening: nothing');
  });

  it('must be unhealthy, and say how the probe is used, when its arguments are wrong', async () => {
    const service = await run(scratch(), ['http', '8080', 'health']);
    await expectUnhealthy(service, 'usage: probe [calm REST AFTER] tcp PORT | http PORT PATH [HOST]...', 2);
  });

  async function run(
    program: Partial<ContainerSpec>,
    check: string[],
    timeoutMs = 5_000,
    Retries = RETRIES,
  ): Promise<Service> {
    const service = await docker.createService({
      Name: `probe-test-${suffix}-${randomUUID().slice(0, 8)}`,
      TaskTemplate: {
        ContainerSpec: {
          User: '65534:65534',
          ReadOnly: true,
          CapabilityDrop: ['ALL'],
          StopSignal: 'SIGKILL', // as process 1 most of these ignore the usual one for its whole grace period
          Configs: [
            {
              ConfigID: configId,
              ConfigName: `probe-test-${suffix}`,
              File: { Name: PROBE, UID: '0', GID: '0', Mode: 0o555 },
            },
          ],
          HealthCheck: {
            Test: ['CMD', PROBE, ...check],
            Interval: 200 * MILLISECOND_NS,
            Timeout: timeoutMs * MILLISECOND_NS,
            Retries,
          },
          ...program,
        },
        RestartPolicy: { Condition: 'none' }, // so that the container which failed stays to be looked at
        Networks: [{ Target: network.id }],
      },
      EndpointSpec: { Mode: 'dnsrr' },
    });
    services.push(service);
    return service;
  }

  async function expectHealthy(service: Service): Promise<void> {
    await eventually(async () => {
      const health = await healthOf(service);
      expect(health).toMatchObject({ Status: 'healthy' });
      expect(health.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: '' });
    }, VERDICT_TIMEOUT_MS);
  }

  async function expectUnhealthy(service: Service, line: unknown, exitCode = 1): Promise<void> {
    await eventually(async () => {
      const health = await healthOf(service);
      expect(health).toMatchObject({ Status: 'unhealthy' });
      const { ExitCode, Output } = health.Log.at(-1) ?? {};
      expect({ exitCode: ExitCode, line: Output?.replace(/\n$/, '') }).toEqual({ exitCode, line });
    }, VERDICT_TIMEOUT_MS);
  }

  async function healthOf({ id }: Service): Promise<Health> {
    const [container] = await containersOf(id);
    if (!container) throw new Error('the service has no container yet');
    const { Health: health } = (await docker.getContainer(container.Id).inspect()).State;
    return { Status: health?.Status ?? 'none', Log: (health?.Log ?? []) as unknown as Look[] };
  }

  function containersOf(serviceId: string): ReturnType<typeof docker.listContainers> {
    return docker.listContainers({ all: true, filters: { label: [`com.docker.swarm.service.id=${serviceId}`] } });
  }
});

function tookMs(look: Look | undefined): number {
  return look ? Date.parse(look.End) - Date.parse(look.Start) : 0;
}

function checkedIn(arch: string): string {
  return join(PROBE_FOLDER, 'bin', `berth-probe-${arch}`);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
