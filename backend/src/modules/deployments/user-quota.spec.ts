import { expect, it } from 'vitest';
import { refuseAboveQuota } from './user-quota.js';

const QUOTA = { resourcesPerUser: { cpus: 4, memoryMb: 1024, pids: 1000 }, hostPortsPerUser: 2 };
const NONE = { cpus: 0, memoryMb: 0, pids: 0, hostPorts: 0 };
const one = { replicas: 1, resources: { cpus: 1, memoryMb: 256, pids: 100 }, ports: [] };
const port = (host?: number) => ({ container: 80, protocol: 'tcp' as const, ...(host !== undefined && { host }) });

it.each([
  ['CPU cores', 'MAX_CPUS_PER_USER', { ...NONE, cpus: 3.5 }, one],
  ['memory', 'MAX_MEMORY_MB_PER_USER', NONE, { ...one, replicas: 5, resources: { ...one.resources, cpus: 0.1 } }],
  ['processes', 'MAX_PIDS_PER_USER', { ...NONE, pids: 950 }, one],
  ['host ports', 'MAX_HOST_PORTS_PER_USER', { ...NONE, hostPorts: 1 }, { ...one, ports: [port(8080), port(8081)] }],
])('must refuse more %s than a user may have, and name the setting', (_what, setting, used, wanted) => {
  expect(() => refuseAboveQuota(used, wanted, QUOTA)).toThrow(
    expect.objectContaining({
      code: 'RESOURCE_QUOTA_EXCEEDED',
      options: expect.objectContaining({ hint: expect.stringContaining(setting) as string }) as object,
    }) as Error,
  );
});

it('must accept what reaches a limit exactly, and unpublished ports always', () => {
  expect(() => refuseAboveQuota({ ...NONE, cpus: 3, memoryMb: 768, pids: 900 }, one, QUOTA)).not.toThrow();
  expect(() => refuseAboveQuota({ ...NONE, hostPorts: 5 }, { ...one, ports: [port()] }, QUOTA)).not.toThrow();
  const tenths = { ...one, resources: { ...one.resources, cpus: 0.1 } };
  expect(() => refuseAboveQuota({ ...NONE, cpus: 3.9000000000000004 }, tenths, QUOTA)).not.toThrow();
});
