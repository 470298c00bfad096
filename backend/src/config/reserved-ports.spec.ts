import { expect, it } from 'vitest';
import { Config } from './config.js';

const reserved = (env: Record<string, string> = {}) => Config.load(env, '/nonexistent').reservedPorts;

it('the ports that the configuration names must be reserved', () => {
  for (const port of [3000, 80, 443, 5005, 2375, 2376, 2377, 7946, 4789]) expect(reserved().has(port)).toBe(true);
  const own = reserved({ PORT: '3100', INGRESS_HTTP_PORT: '8080', BUILD_REGISTRY_PORT: '5100' });
  expect([3100, 8080, 5100].every((port) => own.has(port))).toBe(true);
  expect(own.has(3000)).toBe(false);
});

it('the port of a URL must be reserved when its host is this machine', () => {
  const local = reserved({
    DATABASE_URL: 'postgresql://berth@localhost/berth',
    REDIS_URL: 'redis://127.0.0.1:6400',
    TELEGRAM_API_ROOT: 'http://[::1]:8081',
    BUILD_REGISTRY: '127.0.0.1:5006/berth',
  });
  expect([5432, 6400, 8081, 5006].every((port) => local.has(port))).toBe(true);
  expect(reserved({ DATABASE_URL: 'postgresql://berth@db.example.com/berth' }).has(5432)).toBe(false);
});
