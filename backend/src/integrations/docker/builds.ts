import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { buildErrorOf } from './build-error.js';
import { BuildProgress, type BuildLine, type BuildSteps } from './build-progress.js';
import { decodeBuildTrace } from './build-trace.js';
import { BuildSession } from './build-session.js';
import { DockerClient } from './docker-client.js';
import { DockerError } from './docker-error.js';
import { jsonLines } from './json-lines.js';
import type { BuildAnswers } from './session-services.js';

export interface BuildRequest {
  /** Build context, a tar. */
  context: Readable;
  /** Path of the Dockerfile in the context. */
  dockerfile: string;
  /** `repository:tag` */
  tag: string;
  labels: Record<string, string>;
  buildArgs: Record<string, string>;
  /** Name of a stage; null: the last one. */
  target: string | null;
  /** What the build may ask for while it runs. */
  answers: BuildAnswers;
}

const KEPT_LINES = 30;
const BUILDKIT = '2';

/** Builds images with BuildKit, which every engine from 18.09 on has. The request carries the context. */
@Injectable()
export class Builds {
  constructor(private readonly docker: DockerClient) {}

  /** Builds an image and returns its id. The signal aborts the build. Throws BuildError and DockerError. */
  async build(
    request: BuildRequest,
    on: { line: (line: BuildLine) => void; steps: (steps: BuildSteps) => void },
    signal: AbortSignal,
  ): Promise<string> {
    const journal = new BuildProgress(on.line, KEPT_LINES);
    const broken = new AbortController();
    request.context.once('error', (error) => broken.abort(error));
    const bound = AbortSignal.any([signal, broken.signal]);
    const session = await BuildSession.open(this.docker, request.answers, bound);
    let id: string | undefined;
    let refusal: string | undefined;
    try {
      const answer = await this.start(request, session.id, bound);
      for await (const { id: kind, aux, error } of jsonLines<BuildMessage>(answer, bound)) {
        if (error) refusal = error;
        if (kind === 'moby.image.id') id = (aux as { ID: string }).ID;
        if (kind !== 'moby.buildkit.trace') continue;
        journal.push(decodeBuildTrace(Buffer.from(aux as string, 'base64')));
        on.steps(journal.steps);
      }
      bound.throwIfAborted();
    } finally {
      session.close();
      request.context.destroy();
    }
    journal.end();
    if (refusal !== undefined) throw buildErrorOf(refusal, journal.failed);
    if (id === undefined) throw new DockerError('unavailable', 'the Docker Engine ended the build without a result');
    return id;
  }

  private start(
    { context, dockerfile, tag, labels, buildArgs, target }: BuildRequest,
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
        // Base images come from their registries: what the engine has may be another user's private image.
        pull: '1',
        labels: JSON.stringify(labels),
        buildargs: JSON.stringify(buildArgs),
        ...(target !== null && { target }),
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
