import { describe, expect, it } from 'vitest';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import { readGitRequest } from './git-request.js';

const read = (body: Partial<CreateGitDeploymentDto>, allowed: string[] = []) =>
  readGitRequest(
    { environmentId: 'e1', gitUrl: 'https://github.com/acme/shop.git', ...body },
    {
      allows: (host, address) => allowed.includes(host) || allowed.includes(address),
    },
  ).errors.map(({ path }) => path);

describe('the request of a build from Git', () => {
  it.each([
    'https://localhost/x',
    'https://LOCALHOST:8443/x',
    'https://git.localhost/x',
    'https://ip6-loopback/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://0x7f.1/x',
    'https:///h/x',
  ])('must not name this machine: %s', (gitUrl) => {
    expect(read({ gitUrl })).toEqual(['gitUrl']);
  });

  it('may name a host that the operator lists', () => {
    expect(read({ gitUrl: 'https://localhost/x' }, ['localhost'])).toEqual([]);
    expect(read({ gitUrl: 'https://localhost/x' }, ['127.0.0.1'])).toEqual([]);
    expect(read({ gitUrl: 'https://github.com/acme/shop' })).toEqual([]);
  });

  it.each(['-f', '-', '--help', 'docker/-x', '-x/Dockerfile', '../x', '/x', '.git/x', 'a\\b'])(
    'must not have the path %s',
    (path) => {
      expect(read({ dockerfile: path, buildContext: path })).toEqual(['buildContext', 'dockerfile']);
    },
  );

  it('may have paths with a dash elsewhere', () => {
    expect(read({ dockerfile: 'docker/web-1.Dockerfile', buildContext: './services/web-a' })).toEqual([]);
  });
});
