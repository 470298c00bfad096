import path from 'node:path';
import { type Glob, matchesGlob } from '#src/common/glob.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { IgnorePatternError, parseIgnorePattern } from './ignore-pattern.js';

const MAX_RULES = 2000;
const MAX_RULE_CHARACTERS = 1024;

interface Rule {
  glob: Glob;
  isException: boolean;
}

/**
 * The rules of a .dockerignore as Docker reads them: https://docs.docker.com/build/concepts/context/#dockerignore-files.
 * The last rule that matches a name, or a folder above it, decides.
 */
export class IgnoreRules {
  private constructor(private readonly rules: Rule[]) {}

  /** Throws StepFailure for more or longer rules than are matched, and for a rule that Docker refuses. */
  static parse(text: string): IgnoreRules {
    const lines = text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .filter((line) => !line.startsWith('#') && line.trim() !== '');
    if (lines.length > MAX_RULES || lines.some(({ length }) => length > MAX_RULE_CHARACTERS))
      throw new StepFailure(
        'DOCKERFILE_INVALID',
        `The .dockerignore has more than ${MAX_RULES} rules, or a rule of more than ${MAX_RULE_CHARACTERS} characters.`,
      );
    return new IgnoreRules(lines.map((line) => ruleOf(line.trim())));
  }

  ignores(name: string): boolean {
    let isIgnored = false;
    // A rule can only change the outcome when it says the opposite of those before it.
    for (const { glob, isException } of this.rules)
      if (isException === isIgnored && matchesGlob(glob, name, { orParent: true })) isIgnored = !isException;
    return isIgnored;
  }
}

function ruleOf(line: string): Rule {
  const isException = line.startsWith('!');
  const written = isException ? line.slice(1).trim() : line;
  if (written === '') throw refused(line, 'has no pattern after !');
  const cleaned = path.posix.normalize(written);
  const from = cleaned.length > 1 && cleaned.startsWith('/') ? 1 : 0;
  const pattern = cleaned.slice(from, cleaned.length > 1 && cleaned.endsWith('/') ? -1 : undefined);
  try {
    return { glob: parseIgnorePattern(pattern), isException };
  } catch (error) {
    throw error instanceof IgnorePatternError ? refused(line, error.message) : error;
  }
}

function refused(line: string, why: string): StepFailure {
  return new StepFailure(
    'DOCKERFILE_INVALID',
    `The rule ${line.slice(0, 200)} of the .dockerignore ${why}. Correct it, or remove it.`,
  );
}
