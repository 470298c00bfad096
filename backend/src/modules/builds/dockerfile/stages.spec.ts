import { describe, expect, it } from 'vitest';
import { requireStage } from './stages.js';
import { withSourceCommit } from './source-commit.js';

const TEXT = 'FROM a AS base\nFROM --platform=$BUILDPLATFORM base as Production\nFROM base\nRUN x';

describe('the target of a build', () => {
  it.each(['base', 'production', 'PRODUCTION', '0', '2'])('may be %s', (target) => {
    expect(() => requireStage(TEXT, target)).not.toThrow();
  });

  it.each(['prod', '3', 'a'])('must name a stage, and not %s: the stages are listed', (target) => {
    expect(() => requireStage(TEXT, target)).toThrow(
      `The Dockerfile has no stage ${target} (target). Its stages are base, Production.`,
    );
    expect(() => requireStage('FROM a', target)).toThrow('have no names');
  });
});

describe('the commit in a generated Dockerfile', () => {
  it('must be declared when the sources are there, after the dependencies', () => {
    const before = 'FROM a\nCOPY --chown=1000:1000 app/package.json ./\nRUN i\nCOPY --chown=1000:1000 app/ ./\nRUN b\n';
    expect(withSourceCommit(before)).toBe(before.replace('RUN b', 'ARG SOURCE_COMMIT\nRUN b'));
    expect(withSourceCommit('FROM a\nCOPY app/ .\nRUN b')).toBe('FROM a\nCOPY app/ .\nARG SOURCE_COMMIT\nRUN b');
  });
});
