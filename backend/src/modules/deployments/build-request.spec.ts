import { describe, expect, it } from 'vitest';
import { readBuildRequest } from './build-request.js';
import type { BuildOptionsDto } from './dto/build-options.dto.js';

const read = (body: Partial<BuildOptionsDto>) => readBuildRequest({ environmentId: 'e1', ...body }, 'repository');
const errors = (body: Partial<BuildOptionsDto>) => read(body).errors.map(({ path }) => path);
const auth = (registry?: string) => ({ registryAuth: { username: 'u', password: 'p', ...(registry && { registry }) } });

describe('the request of a build', () => {
  it('must keep what the build hears, with the registry as references name it', () => {
    const { request } = read({
      target: 'production',
      buildEnvVars: true,
      buildSecrets: { npmrc: 'x' },
      ...auth('index.docker.io'),
    });
    expect(request).toMatchObject({
      options: { target: 'production', buildEnvVars: true },
      buildSecrets: { npmrc: 'x' },
      registryAuth: { username: 'u', password: 'p', registry: 'docker.io' },
    });
    expect(read({}).request).toMatchObject({
      options: { target: null, buildEnvVars: false },
      buildSecrets: {},
      registryAuth: undefined,
    });
    expect(read(auth()).request?.registryAuth).toEqual({ username: 'u', password: 'p' });
  });

  it.each(['a b', '', '-x', '../x', 'a,b', 'x'.repeat(65)])('must not have the id of a secret %j', (id) => {
    expect(errors({ buildSecrets: { [id]: 'x' } })).toEqual([`buildSecrets.${id}`]);
  });

  it('must have secrets and variables of a bounded size', () => {
    expect(errors({ buildSecrets: { a: 1 as never } })).toEqual(['buildSecrets.a']);
    expect(errors({ buildSecrets: { a: 'x'.repeat(300_000) } })).toEqual(['buildSecrets']);
    const envVars = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`V${index}`, 'x'.repeat(30_000)]));
    expect(errors({ envVars, buildEnvVars: true })).toEqual(['buildEnvVars']);
    expect(errors({ envVars })).toEqual([]);
  });

  it.each(['https://ghcr.io', 'ghcr.io/acme', 'ghcr', 'a b.io', ''])('must not have the registry %j', (registry) => {
    const { errors: found } = read({ registryAuth: { username: 'u', password: 'p', registry } });
    expect(found).toEqual([
      { path: 'registryAuth.registry', message: 'must be a host such as ghcr.io, without https:// and a path' },
    ]);
  });

  it.each(['ghcr.io', 'localhost', 'registry.example.com:5000', '127.0.0.1:5001', 'docker.io'])(
    'may have the registry %s',
    (registry) => {
      expect(errors(auth(registry))).toEqual([]);
    },
  );
});
