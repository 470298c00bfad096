import { expand } from './expand.js';
import { directivesOf, type Instruction, instructionsOf, wordsOf } from './instructions.js';

export interface DockerfileInput {
  text: string;
  buildArgs: Record<string, string>;
  platform: { os: string; arch: string };
}

/** Why a Dockerfile is refused: a sentence for the user. */
export class DockerfileRefusal extends Error {}

/** Frontends of Docker itself. Another one is a program that may read every image of the engine. */
const SYNTAX = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?::[\w.-]{1,128})?(?:@sha256:[0-9a-f]{64})?$/;
const HTTP_GIT = /^https?:\/\/[^?#]*\.git\/?(?:[?#]|$)/i;
const OTHER_GIT = /^(?:git|ssh|git\+ssh):\/\/|^[\w.-]{1,100}@[\w.-]{1,255}:|^github\.com\//i;

/**
 * Returns the references of the images that a Dockerfile takes from registries: of `FROM`, `COPY --from` and
 * `RUN --mount=from=`. Names of stages and `scratch` are none. Throws DockerfileRefusal for a reference that cannot be
 * known before the build, a foreign frontend, and `ADD` of a Git repository, which the engine would clone as root.
 */
export function foreignImagesOf(input: DockerfileInput): string[] {
  const isForeign = directivesOf(input.text, 'syntax').some((syntax) => !SYNTAX.test(syntax));
  if (isForeign || input.text.trimStart().startsWith('{'))
    throw new DockerfileRefusal('`# syntax=` must be docker/dockerfile with a version, or be omitted.');
  if (directivesOf(input.text, 'escape').some((escape) => escape !== '\\'))
    throw new DockerfileRefusal('`# escape=` must be a backslash, or be omitted.');
  const reader = new Reader(input);
  for (const instruction of instructionsOf(input.text)) reader.read(instruction);
  return [...reader.images];
}

/** Reads instructions in order. Values of ARG and ENV are gathered, as names of stages are. */
class Reader {
  readonly images = new Set<string>();
  private readonly stages = new Set<string>();
  private readonly global: Map<string, string>;
  private variables: Map<string, string>;
  private isInStage = false;

  constructor(private readonly input: DockerfileInput) {
    this.global = platformVariables(input.platform);
    for (const name of this.global.keys())
      if (input.buildArgs[name] !== undefined) this.global.set(name, input.buildArgs[name]);
    this.variables = this.global;
  }

  read({ name, text }: Instruction): void {
    if (name === 'ARG') this.argument(text);
    else if (name === 'ENV') this.set(text);
    else if (name === 'FROM') this.from(text);
    else if (name === 'COPY') this.copy(text);
    else if (name === 'RUN') this.run(text);
    else if (name === 'ADD') this.add(text);
  }

  private argument(text: string): void {
    for (const word of wordsOf(text)) {
      const [name = '', ...rest] = word.split('=');
      const value =
        this.input.buildArgs[name] ??
        (rest.length > 0 ? expand(rest.join('='), this.variables) : this.isInStage ? this.global.get(name) : undefined);
      if (value !== undefined) this.variables.set(name, value);
    }
  }

  private set(text: string): void {
    const words = wordsOf(text);
    const pairs = words[0]?.includes('=')
      ? words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
      : [[words[0] ?? '', words.slice(1).join(' ')]];
    for (const [name = '', raw = ''] of pairs) {
      const value = expand(raw, this.variables);
      if (value === undefined) this.variables.delete(name);
      else this.variables.set(name, value);
    }
  }

  private from(text: string): void {
    const [image = '', as, stage] = wordsOf(text).filter((word) => !word.startsWith('--'));
    this.take(expand(image, this.global), `FROM ${image}`);
    this.isInStage = true;
    this.variables = new Map(this.global);
    if (as?.toLowerCase() === 'as' && stage !== undefined) this.stages.add(stage.toLowerCase());
  }

  private copy(text: string): void {
    for (const flag of flagsOf(text))
      if (flag.startsWith('--from=')) this.takeLiteral(flag.slice('--from='.length), 'COPY --from');
  }

  private run(text: string): void {
    for (const flag of flagsOf(text)) {
      if (!flag.startsWith('--mount=')) continue;
      for (const part of flag.slice('--mount='.length).split(',')) {
        const field = part.replaceAll('"', '').trim();
        if (/^from=/i.test(field)) this.takeLiteral(field.slice('from='.length), 'RUN --mount');
      }
    }
  }

  private add(text: string): void {
    for (const word of argumentsOf(text).slice(0, -1)) {
      const source = expand(word, this.variables);
      if (source === undefined)
        throw new DockerfileRefusal(`ADD ${word} uses a variable without a known value: use COPY, or write it out.`);
      if (HTTP_GIT.test(source) || OTHER_GIT.test(source))
        throw new DockerfileRefusal('ADD must not name a Git repository: clone it in a RUN step, or use a submodule.');
    }
  }

  /** Of these flags BuildKit does not expand variables. */
  private takeLiteral(value: string, where: string): void {
    if (/^\d{1,9}$/.test(value)) return; // the number of a stage
    this.take(value.includes('$') ? undefined : value, `${where}=${value}`);
  }

  private take(image: string | undefined, where: string): void {
    if (image === undefined || image === '')
      throw new DockerfileRefusal(`${where.slice(0, 300)} uses a variable without a known value: write the image out.`);
    if (image !== 'scratch' && !this.stages.has(image.toLowerCase())) this.images.add(image);
  }
}

/** The flags of an instruction without quotes and escapes. */
function flagsOf(text: string): string[] {
  const words = wordsOf(text).map(unquoted);
  const end = words.findIndex((word) => !word.startsWith('--'));
  return words.slice(0, end < 0 ? words.length : end);
}

/** What follows the flags of an instruction, in the form of words or of JSON. */
function argumentsOf(text: string): string[] {
  const words = wordsOf(text).slice(flagsOf(text).length);
  if (!words[0]?.startsWith('[')) return words;
  try {
    return JSON.parse(words.join(' ')) as string[];
  } catch {
    return words;
  }
}

/** Removes quotes and escapes. */
function unquoted(word: string): string {
  let result = '';
  let quote = '';
  for (let at = 0; at < word.length; at++) {
    const character = word[at] ?? '';
    if (character === '\\' && quote !== "'") result += word[++at] ?? '';
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else result += character;
  }
  return result;
}

/** The arguments that BuildKit declares itself, for a build on and for this machine. */
function platformVariables({ os, arch }: DockerfileInput['platform']): Map<string, string> {
  const of = (prefix: string): [string, string][] => [
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, arch],
    [`${prefix}PLATFORM`, `${os}/${arch}`],
    [`${prefix}VARIANT`, ''],
  ];
  return new Map([...of('TARGET'), ...of('BUILD')]);
}
