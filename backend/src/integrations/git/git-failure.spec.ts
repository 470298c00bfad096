import { describe, expect, it } from 'vitest';
import { gitFailure } from './git-failure.js';

const URL = 'https://git.example.com/shop.git';

describe('what git printed', () => {
  it.each([
    ["could not read Username for 'https://git.example.com': terminal prompts disabled", 'auth'],
    ['unable to access: The requested URL returned error: 403', 'auth'],
    ["repository 'https://git.example.com/shop.git/' not found", 'not-found'],
    ['Remote branch x not found in upstream origin', 'ref-not-found'],
    ['cannot create directory: No space left on device', 'disk-full'],
    ['unable to access: Operation too slow. Less than 40 bytes/sec transferred the last 15 seconds', 'timeout'],
    ['RPC failed; curl 28 Operation too slow.\nfetch-pack: unexpected disconnect\nearly EOF', 'timeout'],
    ['unable to access: Could not resolve host', 'unreachable'],
    ['something new', 'failed'],
  ])('must be a failure of its kind: %j', (output, kind) => {
    expect(gitFailure(output, URL)).toMatchObject({ kind });
  });

  it('must be shown by its last lines', () => {
    expect(gitFailure('1\n2\n3\n4\n5', URL).message).toBe(`${URL} could not be cloned: 2; 3; 4; 5`);
  });

  it('must be read in linear time, and shown as safe text', () => {
    const began = performance.now();
    for (const part of ['repository ', 'load key "', 'remote branch ']) gitFailure(part.repeat(100_000), URL);
    expect(performance.now() - began).toBeLessThan(2000);
    const { message } = gitFailure(`a\0\u001b[31m${'x'.repeat(10_000)}`, URL);
    expect(message).toMatch(/^https:\S+ could not be cloned: axx/);
    expect(message.length).toBeLessThanOrEqual(2000);
  });
});
