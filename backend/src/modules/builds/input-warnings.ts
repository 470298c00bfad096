import type { BuildInputs } from '#src/modules/deployments/domain/build-inputs.js';
import { isArgName } from '#src/modules/deployments/domain/build-inputs.js';
import { instructionsOf, wordsOf } from './dockerfile/instructions.js';

/** Prefixes of the variables that a bundler writes into the files for browsers. */
const PUBLIC_NAME = /^(?:NEXT_PUBLIC_|VITE_|REACT_APP_|NUXT_PUBLIC_|PUBLIC_|GATSBY_|EXPO_PUBLIC_|VUE_APP_)/;
const SHOWN_NAMES = 20;

export interface WarnedBuild {
  /** names of the variables of the request */
  envVarNames: string[];
  /** the variables are build arguments */
  buildEnvVars: boolean;
  inputs: BuildInputs;
  /** text of the Dockerfile */
  text: string;
  isGenerated: boolean;
  /** the context has a package.json */
  isJavaScript: boolean;
}

/** Warns of what the request gives and the build does not hear. */
export function inputWarnings(build: WarnedBuild): string[] {
  return [...publicNameWarnings(build), ...skippedNameWarnings(build), ...secretWarnings(build)];
}

/** A Dockerfile hears what it declares; a generated one of a project with package.json may have a bundler. */
function publicNameWarnings({ envVarNames, inputs, text, isGenerated, isJavaScript }: WarnedBuild): string[] {
  const declared = isGenerated ? undefined : declaredArguments(text);
  if (!declared && !isJavaScript) return [];
  const names = envVarNames.filter(
    (name) => PUBLIC_NAME.test(name) && !Object.hasOwn(inputs.args, name) && (declared?.has(name) ?? true),
  );
  return names.length === 0
    ? []
    : [
        `The build does not see ${list(names)} of envVars, and bundlers write such values into the files that they build. Add them to buildArgs, or set buildEnvVars to true.`,
      ];
}

function skippedNameWarnings({ envVarNames, buildEnvVars }: WarnedBuild): string[] {
  const names = buildEnvVars ? envVarNames.filter((name) => !isArgName(name)) : [];
  return names.length === 0
    ? []
    : [`buildEnvVars does not pass ${list(names)}: no build argument may have such a name.`];
}

function secretWarnings({ inputs, isGenerated }: WarnedBuild): string[] {
  return isGenerated && Object.keys(inputs.secrets).length > 0
    ? ['buildSecrets had no effect: only a Dockerfile of your own can mount them (RUN --mount=type=secret,id=…).']
    : [];
}

function declaredArguments(text: string): Set<string> {
  const words = instructionsOf(text).flatMap(({ name, text: rest }) => (name === 'ARG' ? wordsOf(rest) : []));
  return new Set(words.map((word) => word.split('=')[0] ?? ''));
}

function list(names: string[]): string {
  return names.slice(0, SHOWN_NAMES).join(', ').toWellFormed();
}
