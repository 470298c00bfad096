import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { instructionsOf, wordsOf } from './instructions.js';

const SHOWN_STAGES = 20;

/** Throws DOCKERFILE_INVALID, with the names of the stages, when the Dockerfile has no stage of this name or number. */
export function requireStage(text: string, target: string): void {
  const stages = stagesOf(text);
  const isNumber = /^\d{1,9}$/.test(target) && Number(target) < stages.length;
  if (isNumber || stages.some((stage) => stage?.toLowerCase() === target.toLowerCase())) return;
  const named = stages.filter((stage) => stage !== undefined).slice(0, SHOWN_STAGES);
  const known = named.length > 0 ? `Its stages are ${named.join(', ')}.` : 'Its stages have no names (FROM … AS name).';
  throw new StepFailure('DOCKERFILE_INVALID', `The Dockerfile has no stage ${target} (target). ${known}`);
}

/** The names of the stages, in order; undefined for one without a name. */
function stagesOf(text: string): (string | undefined)[] {
  return instructionsOf(text)
    .filter(({ name }) => name === 'FROM')
    .map((from) => {
      const [, as, stage] = wordsOf(from.text).filter((word) => !word.startsWith('--'));
      return as?.toLowerCase() === 'as' ? stage : undefined;
    });
}
