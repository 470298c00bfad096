import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { BuildError } from '#src/integrations/docker/build-error.js';
import { Engine } from '#src/integrations/docker/engine.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { RegistryImages } from '#src/integrations/docker/registry-images.js';
import { isPlatformImage } from '#src/modules/deployments/domain/built-image.js';
import type { BuildInputs, BuildRegistryAuth } from '#src/modules/deployments/domain/build-inputs.js';
import {
  type ImageReference,
  parseImageReference,
  referenceOf,
  registryOf,
  serverAddressOf,
} from '#src/modules/deployments/domain/image-reference.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { DockerfileRefusal, foreignImagesOf } from './dockerfile/foreign-images.js';

const MAX_DOCKERFILE_CHARACTERS = 200_000;
const MAX_IMAGES = 50;
const LOOKUP_TIMEOUT_MS = 10_000;

/** Credentials of a deployment for the base images of one registry. */
export interface RegistryLogin {
  registry: string;
  username: string;
  password: string;
}

/**
 * Checks the images that a build is based on. Each must be in a registry that gives it to everybody, or to the
 * credentials of this deployment, which asks with them at each build: what the Engine has was perhaps built by another
 * user, or pulled with another user's credentials.
 */
@Injectable()
export class BaseImages {
  constructor(
    private readonly images: RegistryImages,
    private readonly engine: Engine,
    private readonly config: Config,
  ) {}

  /**
   * Returns the credentials that the build needs. Throws StepFailure for a Dockerfile that is refused, BuildError for an
   * image that no registry gives.
   */
  async check(
    text: string,
    { args, registryAuth }: Pick<BuildInputs, 'args' | 'registryAuth'>,
    signal: AbortSignal,
  ): Promise<{ login: RegistryLogin | undefined; warnings: string[] }> {
    if (text.length > MAX_DOCKERFILE_CHARACTERS)
      throw refused(`The Dockerfile has more than ${MAX_DOCKERFILE_CHARACTERS} characters.`);
    const { os, arch } = await this.engine.inspect();
    const references = referencesOf(() => foreignImagesOf({ text, buildArgs: args, platform: { os, arch } }));
    for (const reference of references)
      if (isPlatformImage(reference, this.config.build.registry))
        throw refused(`${nameOf(reference)} is an image that this platform has built. Use an image of a registry.`);
    const login = registryAuth && (await this.loginFor(registryAuth, references, signal));
    await Promise.all(references.map((reference) => this.require(reference, login, signal)));
    const isUsed = login === undefined || references.some(({ registry }) => registryOf(registry) === login.registry);
    const unused = registryAuth && !(login && isUsed);
    return { login, warnings: unused ? [unusedAuth(registryAuth)] : [] };
  }

  /** Credentials without a registry are for the one that does not give an image of the build to everybody. */
  private async loginFor(
    { registry, username, password }: BuildRegistryAuth,
    references: ImageReference[],
    signal: AbortSignal,
  ): Promise<RegistryLogin | undefined> {
    const [asking, ...others] = registry === undefined ? await this.registriesThatAsk(references, signal) : [registry];
    if (asking === undefined) return undefined;
    if (others.length === 0) return { registry: asking, username, password };
    throw refused(
      `${[asking, ...others].join(' and ')} require credentials for base images. A build has credentials of one registry: set registryAuth.registry to it, and use public images of the others.`,
    );
  }

  private async registriesThatAsk(references: ImageReference[], signal: AbortSignal): Promise<string[]> {
    const asking = await Promise.all(
      references.map(async (reference) => {
        const error: unknown = await this.require(reference, undefined, signal).catch((caught: unknown) => caught);
        signal.throwIfAborted();
        const cause = error instanceof BuildError ? error.cause : undefined;
        const isAsking = cause instanceof RegistryError && cause.kind === 'unauthorized';
        return isAsking ? [registryOf(reference.registry) ?? reference.registry] : [];
      }),
    );
    return [...new Set(asking.flat())].sort();
  }

  private async require(
    reference: ImageReference,
    login: RegistryLogin | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const name = nameOf(reference);
    const { registry } = reference;
    const isOwn = login !== undefined && registryOf(registry) === login.registry;
    const auth = isOwn ? authOf(login) : undefined;
    try {
      await this.images.resolve({ reference: name, registry }, auth, { withinMs: LOOKUP_TIMEOUT_MS, signal });
    } catch (error) {
      throw error instanceof RegistryError ? new BuildError('base-image', name, [], { cause: error }) : error;
    }
  }
}

function authOf({ registry, username, password }: RegistryLogin): RegistryAuth {
  return { username, password, serveraddress: serverAddressOf(registry) };
}

function nameOf({ repository, tag = 'latest', digest }: ImageReference): string {
  return referenceOf(repository, tag, digest ?? null);
}

function unusedAuth({ registry }: BuildRegistryAuth): string {
  return registry === undefined
    ? 'registryAuth had no effect: the registries of all base images give them to everybody.'
    : `registryAuth had no effect: no base image is in ${registry} (registryAuth.registry).`;
}

function referencesOf(read: () => string[]): ImageReference[] {
  let names: string[];
  try {
    names = read();
  } catch (error) {
    throw error instanceof DockerfileRefusal ? refused(error.message) : error;
  }
  if (names.length > MAX_IMAGES) throw refused(`The Dockerfile uses more than ${MAX_IMAGES} images.`);
  return names.map((name) => {
    const reference = parseImageReference(name);
    // `sha256:…` and 64 hexadecimal digits are ids of images of this engine.
    if (reference && reference.repository !== 'sha256' && !/^[0-9a-f]{64}$/.test(reference.repository))
      return reference;
    throw refused(`${name.slice(0, 300)} is not an image of a registry, such as node:22-slim, nor an earlier stage.`);
  });
}

function refused(message: string): StepFailure {
  return new StepFailure('DOCKERFILE_INVALID', message);
}
