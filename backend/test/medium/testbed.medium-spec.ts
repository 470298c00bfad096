import { expect, inject, it } from 'vitest';
import { eventually } from '../testbed/eventually.js';
import { engineUnderTest } from '../testbed/testbed.js';
import { hub, privateRegistry } from '../testbed/registries.js';

const engine = engineUnderTest();
const { docker } = engine;
const PRIVATE_IMAGE = `${privateRegistry.address}/acme/web:1`;

it('the engine must be a Swarm manager whose containers gain no privileges', async () => {
  expect(inject('dockerHost')).toBe(engine.dockerHost);
  expect((await engine.info())?.Swarm).toMatchObject({ LocalNodeState: 'active', ControlAvailable: true });
  expect(await outputOf('busybox:1.36', ['grep', 'NoNewPrivs', '/proc/self/status'])).toBe('NoNewPrivs:\t1\n');
});

it('a plain name must be pulled from the local hub', async () => {
  await pull('busybox:1.36');
  const { RepoDigests } = await docker.getImage('busybox:1.36').inspect();
  const held = await fetch(`${hub.url}/v2/library/busybox/manifests/1.36`, {
    method: 'HEAD',
    headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
  });
  expect(RepoDigests).toContain(`busybox@${held.headers.get('docker-content-digest')}`);
});

it('the private registry must refuse a wrong password and take the right one', async () => {
  const credentials = { ...privateRegistry.credentials, serveraddress: privateRegistry.address };
  await expect(pull(PRIVATE_IMAGE, { ...credentials, password: 'wrong' })).rejects.toThrow(
    /unauthorized|no basic auth|authentication/i,
  );
  await pull(PRIVATE_IMAGE, credentials);
  await docker
    .getImage(PRIVATE_IMAGE)
    .remove()
    .catch(() => undefined); // somebody else's test may be using it
});

it('an image that drops its privileges must run as another user after its start', async () => {
  const request = 'until wget -q -O - http://127.0.0.1/; do :; done; stat -c %U /data/inner';
  expect(await outputOf('drops-privileges:1', ['sh', '-c', `/entrypoint & { ${request}; } 2>/dev/null`])).toBe(
    'dropped\nnobody\n',
  );
});

it("an image's own health check must run inside its container", async () => {
  await pull('with-healthcheck:1');
  const container = await docker.createContainer({ Image: 'with-healthcheck:1' });
  try {
    await container.start();
    await eventually(async () => {
      expect((await container.inspect()).State.Health?.Status).toBe('healthy');
    }, 10_000);
  } finally {
    await container.remove({ force: true });
  }
});

it('a list of platforms without this machine must not be pulled', async () => {
  await expect(pull(`${hub.address}/library/wrong-arch:index`)).rejects.toThrow(/no matching manifest/);
});

async function pull(image: string, authconfig?: object): Promise<void> {
  const progress = await docker.pull(image, authconfig ? { authconfig } : {});
  const steps = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, output: { error?: string }[]) =>
      error ? reject(error) : resolve(output),
    );
  });
  // The engine has answered 200 before it knows whether the pull works: a failure is the last thing it says.
  const failure = steps.find(({ error }) => error !== undefined);
  if (failure) throw new Error(failure.error);
}

async function outputOf(image: string, command: string[]): Promise<string> {
  await pull(image);
  const container = await docker.createContainer({ Image: image, Cmd: command, Tty: true });
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true, stderr: true })).toString().replaceAll('\r', '');
  } finally {
    await container.remove({ force: true });
  }
}
