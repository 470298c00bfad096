import { describe, expect, it } from 'vitest';
import { toRegistryError } from './registry-error.js';

describe('the error of a registry', () => {
  it.each([
    ['manifest unknown: manifest unknown', 'not-found'],
    ['Head "http://127.0.0.1:5001/v2/acme/web/manifests/1": no basic auth credentials', 'unauthorized'],
    ['unauthorized: authentication required', 'unauthorized'],
    [
      'errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n',
      'unauthorized',
    ],
    ['toomanyrequests: You have reached your pull rate limit.', 'rate-limited'],
    ['Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused', 'unreachable'],
    ['Get "https://nosuch.invalid/v2/": dial tcp: lookup nosuch.invalid: no such host', 'unreachable'],
    [
      'Get "https://x/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
      'unreachable',
    ],
    ['failed to register layer: write /usr/lib/x: no space left on device', 'disk-full'],
  ])("must be read from the engine's words: %s", (message, kind) => {
    expect(toRegistryError(message)?.kind).toBe(kind);
  });

  it('must be read in linear time, from the beginning of what a registry answers', () => {
    const began = performance.now();
    for (const part of ['manifest for ', 'repository ', 'x'])
      toRegistryError(`error parsing HTTP 404 response body: ${part.repeat(500_000)}`);
    expect(performance.now() - began).toBeLessThan(2000);
    const error = toRegistryError(`denied: \0${'<body of a page of this machine>'.repeat(1000)}`);
    expect(error?.message.length).toBeLessThanOrEqual(500);
    expect(error?.message).not.toContain('\0');
  });
});
