import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { BuildJournal, type BuildLine, type BuildSteps } from './build-journal.js';
import { decodeBuildTrace } from './build-trace.js';
import { BuildSession } from './build-session.js';
import { DockerClient } from './docker-client.js';
import { DockerError } from './docker-error.js';
import { jsonLines } from './json-lines.js';
import { RegistryError, toRegistryError } from './registry-error.js';

export interface BuildRequest {
  /** the context, a tar */
  context: Readable;
  /** path of the Dockerfile in it */
  dockerfile: string;
  /** `repository:tag` */
  tag: string;
  labels: Record<string, string>;
  buildArgs: Record<string, string>;
}

export type BuildErrorKind = 'dockerfile' | 'step' | 'base-image' | 'disk-full';

/** Why nothing came of a build; the message is for the user. */
export class BuildError extends Error {
  constructor(
    readonly kind: BuildErrorKind,
    message: string,
    /** the last lines that the failing step printed */
    readonly output: string[] = [],
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

const KEPT_LINES = 30;
const BUILDKIT = '2';

/** Builds by BuildKit, which every engine from 18.09 on has; the context comes in the request. */
@Injectable()
export class Builds {
  constructor(private readonly docker: DockerClient) {}

  /** Returns the image's id. The build ends with the signal. Throws BuildError, RegistryError for a base image, DockerError. */
  async build(
    request: BuildRequest,
    on: { line: (line: BuildLine) => void; steps: (steps: BuildSteps) => void },
    signal: AbortSignal,
  ): Promise<string> {
    const { Reader } = (await import('protobufjs/minimal.js')).default;
    const journal = new BuildJournal(on.line, KEPT_LINES);
    const broken = new AbortController();
    request.context.once('error', (error) => broken.abort(error));
    const bound = AbortSignal.any([signal, broken.signal]);
    const session = await BuildSession.open(this.docker);
    let id: string | undefined;
    let refusal: string | undefined;
    try {
      const answer = await this.start(request, session.id, bound);
      for await (const { id: kind, aux, error } of jsonLines<BuildMessage>(answer, bound)) {
        if (error) refusal = error;
        if (kind === 'moby.image.id') id = (aux as { ID: string }).ID;
        if (kind !== 'moby.buildkit.trace') continue;
        journal.push(decodeBuildTrace(Buffer.from(aux as string, 'base64'), Reader));
        on.steps(journal.steps);
      }
      bound.throwIfAborted();
    } finally {
      session.close();
      request.context.destroy();
    }
    journal.end();
    if (refusal !== undefined) throw failureOf(refusal, journal);
    if (id === undefined) throw new DockerError('unavailable', 'the Docker Engine ended the build without a result');
    return id;
  }

  private start(
    { context, dockerfile, tag, labels, buildArgs }: BuildRequest,
    session: string,
    signal: AbortSignal,
  ): Promise<Readable> {
    const call = {
      path: '/build?',
      method: 'POST',
      options: {
        version: BUILDKIT,
        session,
        dockerfile,
        t: tag,
        labels: JSON.stringify(labels),
        buildargs: JSON.stringify(buildArgs),
      },
      file: context,
      isStream: true,
      abortSignal: signal,
      statusCodes: { 200: true, 400: 'bad parameter', 500: 'server error' },
    };
    return this.docker.dial<Readable>(call);
  }
}

interface BuildMessage {
  id?: string;
  aux?: unknown;
  error?: string;
}

/** BuildKit has sentences instead of codes. */
function failureOf(message: string, { failed }: BuildJournal): Error {
  const cause = new DockerError('failed', message);
  const exit = /exit code: (\d+)/.exec(message)?.[1];
  if (/no space left on device/i.test(message))
    return new BuildError('disk-full', 'There is no disk space left for the build.', [], { cause });
  if (failed && exit !== undefined) {
    const reason = exit === '137' ? ' (it was killed, as what takes too much memory is)' : '';
    return new BuildError('step', `${instruction(failed.name)} ended with exit code ${exit}${reason}.`, failed.output, {
      cause,
    });
  }
  const reason = message
    .replace(
      /^(failed to solve( with frontend \S+)?|failed to create LLB definition|rpc error: code = \w+ desc): ?/g,
      '',
    )
    .replace(/^(failed to [^:]+: )+/, '');
  if (
    /dockerfile parse error|unknown instruction|unknown flag|file with no instructions|no build stage|circular dependency|failed to parse|invalid reference format/i.test(
      message,
    )
  )
    return new BuildError('dockerfile', `The Dockerfile is not valid: ${reason}`, [], { cause });
  const isBaseImage = failed
    ? /^\[internal\] load metadata|^resolve image config|\bFROM\b/.test(failed.name)
    : /\/manifests\/|pull access denied/.test(message);
  const isMissing = /: not found$/.test(message);
  const registry = isBaseImage
    ? isMissing
      ? new RegistryError('not-found', message, { cause })
      : toRegistryError(message, cause)
    : undefined;
  if (registry) return new BuildError('base-image', imageOf(failed?.name) ?? 'a base image', [], { cause: registry });
  return new BuildError(
    'step',
    failed ? `${instruction(failed.name)} failed: ${failed.error}` : `The build failed: ${reason}`,
    failed?.output,
    { cause },
  );
}

/** `RUN npm ci (step 3/7)` of `[3/7] RUN npm ci`. */
function instruction(name: string): string {
  const [, place, text] = /^\[(?:[^\] ]+ )?(\d+\/\d+)\] (.*)$/s.exec(name) ?? [];
  return text ? `Step ${place}, ${text.slice(0, 400)},` : name;
}

function imageOf(name: string | undefined): string | undefined {
  return /(?:load metadata for|resolve image config for|FROM) (?:docker\.io\/(?:library\/)?)?(\S+)/.exec(
    name ?? '',
  )?.[1];
}
