import { describe, expect, it } from 'vitest';
import { defaultDeploymentName, serviceName, volumeName } from './names.js';

const DNS_LABEL = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

describe('names of Docker objects', () => {
  it.each([
    ['a', 'a'],
    ['A_b-C_d', 'web'],
    ['0000', 'x'.repeat(32)],
    ['x'.repeat(32), 'y'.repeat(32)],
    ['Z' + '_'.repeat(30) + 'Z', 'a-b'],
  ])('must be DNS labels of at most 63 characters: %s, %s', (environment, name) => {
    for (const id of ['cmwuikb8e0001ky7dq11gt9h8', 'x', '-_-_-_-_-_-_-_-_']) {
      const service = serviceName(environment, name, id);
      expect(service).toMatch(DNS_LABEL);
      expect(service.length).toBeLessThanOrEqual(63);
    }
  });

  it('must be DNS labels for every image and every jobId, also one that ends in - or _', () => {
    for (const repository of ['nginx', 'ghcr.io/owner/My-image', 'a/b/1__2', '127.0.0.1:5000/acme/web', '_']) {
      for (const jobId of ['0es7V6sUywyYqp7V', '________________', '----------------', 'abcdefghijklmno-']) {
        expect(defaultDeploymentName(repository, jobId)).toMatch(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/);
      }
    }
  });

  it('must differ for deployments of the same name', () => {
    expect(serviceName('shop', 'web', 'one')).not.toBe(serviceName('shop', 'web', 'two'));
  });

  it('must never give two environments one volume', () => {
    expect(volumeName('cmaaa', 'db_data')).toBe('berth_cmaaa_db_data');
    expect(volumeName('cmaaadb', 'data')).not.toBe(volumeName('cmaaa', 'db_data'));
  });
});
