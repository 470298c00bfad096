import { describe, expect, it } from 'vitest';
import { buildErrorOf } from './build-error.js';

const step = (name: string, error = '', output: string[] = []) => ({ name, error, output });

describe('the error of a build', () => {
  it.each([
    ['executor failed running [/bin/sh -c echo hi; exit 7]: exit code: 7'],
    ['failed to solve: process "/bin/sh -c echo hi; exit 7" did not complete successfully: exit code: 7'],
  ])('must be the step with its exit code, as every engine says it: %s', (message) => {
    const error = buildErrorOf(message, step('[web 2/3] RUN echo hi; exit 7', message, ['hi']));
    expect(error).toMatchObject({
      kind: 'step',
      message: 'Step 2/3, RUN echo hi; exit 7, ended with exit code 7.',
      output: ['hi'],
    });
  });

  it.each([
    [
      'failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: RUNN',
    ],
    ['failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)'],
  ])('must be the Dockerfile: %s', (message) => {
    expect(buildErrorOf(message, undefined)).toMatchObject({
      kind: 'dockerfile',
      message: expect.stringMatching(
        /^The Dockerfile is not valid: dockerfile parse error (on )?line 2: unknown instruction: RUNN/,
      ) as string,
    });
  });

  it.each([
    [
      '[internal] load metadata for docker.io/library/no-such:1',
      'docker.io/library/no-such:1: not found',
      'no-such:1',
      'not-found',
    ],
    [
      '[internal] load metadata for docker.io/acme/web:1',
      'pull access denied, repository does not exist or may require authorization',
      'acme/web:1',
      'not-found',
    ],
    [
      '[internal] load metadata for ghcr.io/acme/web:1',
      'failed to authorize: 401 Unauthorized',
      'ghcr.io/acme/web:1',
      'unauthorized',
    ],
    [
      'resolve image config for docker.io/docker/dockerfile:1',
      'dial tcp: lookup registry: no such host',
      'docker/dockerfile:1',
      'unreachable',
    ],
  ])('must be the base image: %s', (name, error, image, kind) => {
    const failure = buildErrorOf(
      `failed to solve with frontend dockerfile.v0: failed to create LLB definition: ${error}`,
      step(name, error),
    );
    expect(failure).toMatchObject({ kind: 'base-image', message: image, cause: { kind } });
  });

  it.each(['secret npm.rc not found: not found', 'failed to solve: secret npm.rc: not found'])(
    'must be the secret that is missing, with the field to send: %s',
    (message) => {
      const error = buildErrorOf(message, step('[2/2] RUN --mount=type=secret,id=npm.rc x', message));
      expect(error).toMatchObject({
        kind: 'step',
        message: 'The build needs the secret npm.rc: add it to buildSecrets.',
      });
    },
  );

  it('must be the disk, or else what BuildKit said', () => {
    expect(buildErrorOf('write /x: no space left on device', step('[2/2] RUN x')).kind).toBe('disk-full');
    const missing = buildErrorOf(
      'failed to compute cache key: "/nosuch" not found: not found',
      step('[2/2] COPY nosuch /x', '"/nosuch" not found: not found'),
    );
    expect(missing).toMatchObject({
      kind: 'step',
      message: 'Step 2/2, COPY nosuch /x, failed: "/nosuch" not found: not found',
    });
    expect(buildErrorOf('failed to solve: something else', undefined).message).toBe('The build failed: something else');
  });

  it('must be read in linear time', () => {
    const began = performance.now();
    for (const part of ['failed to create x = ', 'failed to solve: ', 'rpc error: code = a desc = ', 'manifest for '])
      for (const name of ['[1/2] FROM x', '[2/2] RUN x']) {
        const error = buildErrorOf(part.repeat(50_000), step(name, part.repeat(50_000)));
        expect(error.message.length).toBeLessThanOrEqual(2000);
      }
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('must not show what the server of a base image answered', () => {
    const error = buildErrorOf(
      'failed to solve: 127.0.0.1:9200/x: unexpected status 418: {"cluster":"secret"}',
      step('[internal] load metadata for 127.0.0.1:9200/x:latest'),
    );
    expect(error).toMatchObject({ kind: 'base-image', message: '127.0.0.1:9200/x:latest', cause: { kind: 'failed' } });
  });
});
