import { expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment, Environment } from '#src/generated/prisma/client.js';
import { runReleaseOf, runSecretContext } from './run-release.js';

const secrets = new SecretBox(Config.load({ ENCRYPTION_KEY: '0f'.repeat(32) }, ''));
const own = { STAGE: 'prod', LEVEL: 'info' };
const row = {
  ...{ id: 'd1', jobId: 'j1', name: 'web', environmentId: 'e1', source: 'IMAGE', nodeId: null, virtualHost: null },
  ...{ image: 'shop', tag: '1', imageDigest: `sha256:${'0'.repeat(64)}`, replicas: 3, command: ['serve'] },
  ...{ ports: [{ container: 80, host: 8080, protocol: 'tcp' }], capabilities: [], stopSignal: null, tmpfs: [] },
  ...{ volumes: [{ name: 'data', path: '/data', readOnly: false }], init: true, stopGraceSeconds: 600 },
  resources: { cpus: 1, memoryMb: 256, pids: 100 },
  healthCheck: { kind: 'disabled' },
  envVars: secrets.seal(JSON.stringify(own), 'deployment/j1/envVars'),
  environment: { name: 'shop', overlayNetworkId: 'n1', publicDomain: null },
} as unknown as Deployment & { environment: Environment };

const run = (envVars: Record<string, string> | null) => ({
  id: 'r1',
  jobId: 'j2',
  envVars: envVars && secrets.seal(JSON.stringify(envVars), runSecretContext('j2')),
  resources: { cpus: 2, memoryMb: 512, pids: 50 },
});

it('must have the image, volumes and network of the release, and a service of its own', () => {
  const release = runReleaseOf(row, run(null), secrets);
  expect(release).toMatchObject({ network: 'n1', volumes: [{ name: 'data', path: '/data' }], name: 'web' });
  expect(release.image).toContain('@sha256:');
  expect(release.env).toMatchObject(own);
  expect(release.serviceName).toMatch(/^shop-web-[a-z0-9]{10}-c$/);
  expect(release.serviceName).not.toBe(runReleaseOf(row, { ...run(null), id: 'r2' }, secrets).serviceName);
});

it('must have the variables and limits of its request, and end soon after its cancellation', () => {
  const release = runReleaseOf(row, run({ LEVEL: 'debug' }), secrets);
  expect(release.env).toMatchObject({ STAGE: 'prod', LEVEL: 'debug' });
  expect(release.resources).toEqual({ cpus: 2, memoryMb: 512, pids: 50 });
  expect(release.stopGraceSeconds).toBe(3);
});
