import { describe, expect, it } from 'vitest';
import { buildArguments } from './build-inputs.js';

describe('the arguments of a build', () => {
  it('must have the commit, then the variables, then those of the request', () => {
    const commit = 'c'.repeat(40);
    expect(buildArguments({ commit, envVars: { A: '1', B: '2' }, buildArgs: { B: '3' } })).toEqual({
      SOURCE_COMMIT: commit,
      A: '1',
      B: '3',
    });
    expect(buildArguments({ commit, envVars: {}, buildArgs: { SOURCE_COMMIT: 'mine' } })).toEqual({
      SOURCE_COMMIT: 'mine',
    });
    expect(buildArguments({ commit: null, envVars: {}, buildArgs: {} })).toEqual({});
  });

  it('must have no variable that is no name of an argument, or a setting of BuildKit', () => {
    const envVars = { 'a.b': '1', 'x\nRUN id': '2', BUILDKIT_SYNTAX: 'mallory/frontend', OK: '3' };
    expect(buildArguments({ commit: null, envVars, buildArgs: {} })).toEqual({ OK: '3' });
  });
});
