import { describe, expect, it } from 'vitest';
import { platformVariables } from './platform-variables.js';

const row = {
  id: 'd1',
  name: 'web',
  gitCommitSha: 'abc',
  virtualHost: null,
  environment: { name: 'shop', publicDomain: 'shop.example.com' },
};

describe('the variables of every container', () => {
  it('must tell where it runs, what it was built from and its public address', () => {
    expect(platformVariables(row)).toEqual({
      BERTH_ENVIRONMENT: 'shop',
      BERTH_NAME: 'web',
      BERTH_DEPLOYMENT_ID: 'd1',
      BERTH_COMMIT: 'abc',
      BERTH_PUBLIC_URL: 'https://shop.example.com',
    });
  });

  it('must be there without a commit and a public name, which the release itself may claim', () => {
    const plain = { ...row, gitCommitSha: null, environment: { name: 'shop', publicDomain: null } };
    expect(platformVariables(plain)).toMatchObject({ BERTH_COMMIT: '', BERTH_PUBLIC_URL: '' });
    expect(platformVariables({ ...plain, virtualHost: 'a.example.com' }).BERTH_PUBLIC_URL).toBe(
      'https://a.example.com',
    );
  });
});
