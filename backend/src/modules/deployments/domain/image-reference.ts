/** A parsed registry reference; grammar of https://pkg.go.dev/github.com/distribution/reference. */
export interface ImageReference {
  /** without tag and digest, as the user wrote it: `nginx`, `ghcr.io/o/i` */
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
  /** `docker.io` when none is written */
  registry: string;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
export const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const MAX_REPOSITORY = 255;
const HUB = 'docker.io';

/** Undefined for an invalid reference. */
export function parseImageReference(text: string): ImageReference | undefined {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const repository = hasTag ? named.slice(0, colon) : named;
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  const { registry, path } = splitDomain(repository);
  const valid =
    repository.length <= MAX_REPOSITORY &&
    DOMAIN.test(registry) &&
    path.split('/').every((part) => COMPONENT.test(part));
  return valid ? { repository, tag, digest, registry } : undefined;
}

/** Says what is wrong with an invalid reference, and what to write. `example`: a valid one. */
export function referenceFault(text: string, example: string): string {
  const trimmed = text.trim();
  const lower = lowerCaseName(trimmed);
  if (trimmed !== text && parseImageReference(trimmed)) return 'must have no blanks around it';
  if (/^https?:\/\//i.test(trimmed)) return `must begin with the registry, without https://: ${example}`;
  if (parseImageReference(lower)) return `must be lower-case but for the tag: ${lower}`;
  const digest = trimmed.split('@')[1];
  if (digest !== undefined && !DIGEST.test(digest)) return 'must end with @sha256: and 64 hexadecimal digits';
  return `must be a registry reference such as ${example}`;
}

/** Registries take names in lower case only; the case of a tag counts. */
function lowerCaseName(text: string): string {
  const [named = ''] = text.split('@');
  const colon = named.lastIndexOf(':');
  const end = colon > named.lastIndexOf('/') ? colon : named.length;
  return text.slice(0, end).toLowerCase() + text.slice(end);
}

/** The reference to resolve or to pull: the digest if it is known, else the tag. */
export function referenceOf(repository: string, tag: string, digest: string | null): string {
  if (digest) return pinned(repository, digest);
  return `${repository}:${tag}`;
}

/** The reference that the service runs: by digest, so that a moved tag changes nothing. */
export function pinned(repository: string, digest: string): string {
  return `${repository}@${digest}`;
}

/** The `serveraddress` under which the Engine stores credentials of a registry. */
export function serverAddressOf(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

/** Names of Docker Hub's own hosts. */
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** A registry as the part of a reference before its first slash; undefined for another text. */
export function registryOf(host: string): string | undefined {
  if (HUB_HOSTS.has(host)) return HUB;
  return /[.:]/.test(host) || host === 'localhost' ? (DOMAIN.test(host) ? host : undefined) : undefined;
}

/** The hosts that receive the credentials of a registry: those of Docker Hub are not its name. */
export function hostsOf(registry: string): string[] {
  return registry === HUB ? [...HUB_HOSTS] : [registry];
}

/** The first component is a host when it looks like one: the rule of the Engine. */
function splitDomain(repository: string): { registry: string; path: string } {
  const slash = repository.indexOf('/');
  const first = repository.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? { registry: first, path: repository.slice(slash + 1) } : { registry: 'docker.io', path: repository };
}
