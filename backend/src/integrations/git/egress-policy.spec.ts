import { describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { EgressPolicy } from './egress-policy.js';

const policy = (allowed = '') => new EgressPolicy(Config.load({ GIT_ALLOWED_PRIVATE_HOSTS: allowed }, '/nonexistent'));

describe('the addresses that may be cloned from', () => {
  it.each(['140.82.121.3', '8.8.8.8', '2606:50c0:8000::154'])('must be public ones: %s', async (address) => {
    expect(await policy().resolve(address)).toBe(address);
  });

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fc00::1',
    'fd00::1',
    'ff02::1',
    '2002:7f00:1::',
    '2001:db8::1',
  ])('must not be %s', async (address) => {
    await expect(policy().resolve(address)).rejects.toMatchObject({ kind: 'not-allowed' });
  });

  it('must not be those of a name that means this machine', async () => {
    await expect(policy().resolve('localhost')).rejects.toMatchObject({ kind: 'not-allowed' });
  });

  it('must be private ones that are listed, by name, address or range', async () => {
    expect(await policy('localhost').resolve('localhost')).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(await policy('10.1.0.0/16, 192.168.1.7').resolve('10.1.2.3')).toBe('10.1.2.3');
    expect(await policy('10.1.0.0/16,192.168.1.7').resolve('192.168.1.7')).toBe('192.168.1.7');
    await expect(policy('10.1.0.0/16').resolve('10.2.0.1')).rejects.toMatchObject({ kind: 'not-allowed' });
  });
});
