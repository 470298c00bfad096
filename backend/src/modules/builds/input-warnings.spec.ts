import { describe, expect, it } from 'vitest';
import { inputWarnings, type WarnedBuild } from './input-warnings.js';

const build: WarnedBuild = {
  envVarNames: ['NEXT_PUBLIC_API_URL', 'VITE_X', 'DATABASE_URL'],
  buildEnvVars: false,
  inputs: { args: {}, secrets: {}, registryAuth: undefined },
  text: 'FROM node:22',
  isGenerated: true,
  isJavaScript: true,
};

describe('the warnings of a build', () => {
  it('must name the public variables that it does not see, and what to send', () => {
    expect(inputWarnings(build)).toEqual([
      expect.stringMatching(/does not see NEXT_PUBLIC_API_URL, VITE_X of envVars.*buildArgs, or set buildEnvVars/),
    ]);
  });

  it.each<[string, Partial<WarnedBuild>]>([
    ['they are build arguments', { inputs: { ...build.inputs, args: { NEXT_PUBLIC_API_URL: '', VITE_X: '' } } }],
    ['it has no bundler', { isJavaScript: false }],
    ['its own Dockerfile does not declare them', { isGenerated: false, text: 'FROM node:22\nRUN npm run build' }],
    ['there is no such name', { envVarNames: ['PUBLICITY', 'MY_VITE_X'] }],
  ])('must not warn when %s', (_, change) => {
    expect(inputWarnings({ ...build, ...change })).toEqual([]);
  });

  it('must warn of what a Dockerfile declares and does not get', () => {
    const text = 'FROM node:22\nARG VITE_X=none OTHER\nRUN npm run build';
    expect(inputWarnings({ ...build, isGenerated: false, text })).toEqual([expect.stringMatching(/not see VITE_X of/)]);
  });

  it('must warn of names that cannot be passed, and of secrets that nothing mounts', () => {
    const inputs = { args: { VITE_X: '1' }, secrets: { npmrc: 'x' }, registryAuth: undefined };
    expect(inputWarnings({ ...build, envVarNames: ['VITE_X', 'a.b'], buildEnvVars: true, inputs })).toEqual([
      'buildEnvVars does not pass a.b: no build argument may have such a name.',
      expect.stringMatching(/^buildSecrets had no effect/),
    ]);
  });
});
