import { expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { RegistryPolicy } from './registry-policy.js';

const policy = (listed?: string) =>
  new RegistryPolicy(Config.load(listed ? { REGISTRY_ALLOWED_PRIVATE_HOSTS: listed } : {}, '/no/such/file'));

it('registries on private addresses must be refused unless they are listed', async () => {
  for (const registry of [
    '127.0.0.1:5000',
    'localhost',
    'a.localhost:80',
    '10.1.2.3',
    '[::1]:5000',
    '169.254.169.254',
  ]) {
    expect(policy().refuses(registry)).toBe(true);
    await expect(policy().require(registry)).rejects.toMatchObject({ kind: 'not-allowed' });
  }
  // Forms of an address that only the resolver understands.
  for (const registry of ['127.1:5000', '2130706433:5000'])
    await expect(policy().require(registry)).rejects.toMatchObject({ kind: 'not-allowed' });
  for (const registry of ['docker.io', '8.8.8.8:5000']) {
    expect(policy().refuses(registry)).toBe(false);
    await policy().require(registry);
  }
  expect(policy('127.0.0.1, 10.0.0.0/8').refuses('10.1.2.3:5000')).toBe(false);
  await policy('127.0.0.1').require('127.0.0.1:5000');
  expect(policy('localhost').refuses('localhost:5000')).toBe(false);
});
