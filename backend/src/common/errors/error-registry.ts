/** Definition of an error code of the API. The list is closed and published in the OpenAPI document. */
export interface ErrorDefinition {
  status: number;
  title: string;
  /** `warn` and `error` are logged with their cause; `info` is a client error and is not logged. */
  log: 'info' | 'warn' | 'error';
  retryAfterSeconds?: number;
}

const client = (status: number, title: string): ErrorDefinition => ({ status, title, log: 'info' });
const unavailable = (title: string): ErrorDefinition => ({ status: 503, title, log: 'warn', retryAfterSeconds: 5 });

export const API_ERRORS = {
  VALIDATION_FAILED: client(400, 'Bad Request'),
  INVALID_DOMAIN: client(400, 'Bad Request'),
  MALFORMED_JSON: client(400, 'Bad Request'),
  MALFORMED_URL: client(400, 'Bad Request'),
  MALFORMED_REQUEST: client(400, 'Bad Request'),
  UPLOAD_INVALID: client(400, 'Bad Request'),
  UNAUTHENTICATED: client(401, 'Unauthorized'),
  HOOK_SIGNATURE_INVALID: client(401, 'Unauthorized'),
  MAGIC_LINK_INVALID: client(401, 'Unauthorized'),
  INSUFFICIENT_SCOPE: client(403, 'Forbidden'),
  KEY_ADDRESS_NOT_ALLOWED: client(403, 'Forbidden'),
  HOOK_SUSPENDED: client(403, 'Forbidden'),
  ROUTE_NOT_FOUND: client(404, 'Not Found'),
  API_KEY_NOT_FOUND: client(404, 'Not Found'),
  ENVIRONMENT_NOT_FOUND: client(404, 'Not Found'),
  DEPLOYMENT_NOT_FOUND: client(404, 'Not Found'),
  HOOK_NOT_FOUND: client(404, 'Not Found'),
  RUN_NOT_FOUND: client(404, 'Not Found'),
  UPLOAD_NOT_FOUND: client(404, 'Not Found'),
  REQUEST_TIMEOUT: client(408, 'Request Timeout'),
  UPLOAD_TOO_SLOW: client(408, 'Request Timeout'),
  HOOK_EXISTS: client(409, 'Conflict'),
  ENVIRONMENT_NAME_TAKEN: client(409, 'Conflict'),
  ENVIRONMENT_NOT_ACTIVE: client(409, 'Conflict'),
  ENVIRONMENT_QUOTA_EXCEEDED: client(409, 'Conflict'),
  DEPLOYMENT_QUOTA_EXCEEDED: client(409, 'Conflict'),
  RESOURCE_QUOTA_EXCEEDED: client(409, 'Conflict'),
  DOMAIN_QUOTA_EXCEEDED: client(409, 'Conflict'),
  API_KEY_QUOTA_EXCEEDED: client(409, 'Conflict'),
  DEPLOYMENT_NOT_CANCELLABLE: client(409, 'Conflict'),
  DEPLOYMENT_STATUS_CONFLICT: client(409, 'Conflict'),
  ROLLBACK_NOT_POSSIBLE: client(409, 'Conflict'),
  RUN_NOT_CANCELLABLE: client(409, 'Conflict'),
  RUN_QUOTA_EXCEEDED: client(409, 'Conflict'),
  UPLOAD_GONE: client(409, 'Conflict'),
  UPLOAD_QUOTA_EXCEEDED: client(409, 'Conflict'),
  DOMAIN_TAKEN: client(409, 'Conflict'),
  HOST_PORT_TAKEN: client(409, 'Conflict'),
  IDEMPOTENCY_IN_FLIGHT: client(409, 'Conflict'),
  PAYLOAD_TOO_LARGE: client(413, 'Content Too Large'),
  UNSUPPORTED_MEDIA_TYPE: client(415, 'Unsupported Media Type'),
  IDEMPOTENCY_KEY_REUSED: client(422, 'Unprocessable Content'),
  RATE_LIMITED: client(429, 'Too Many Requests'),
  STREAM_QUOTA_EXCEEDED: { ...client(429, 'Too Many Requests'), retryAfterSeconds: 5 },
  HEADERS_TOO_LARGE: client(431, 'Request Header Fields Too Large'),
  INTERNAL: { status: 500, title: 'Internal Server Error', log: 'error' },
  ADDRESS_POOL_EXHAUSTED: { status: 503, title: 'Service Unavailable', log: 'error', retryAfterSeconds: 60 },
  INGRESS_UNAVAILABLE: unavailable('Service Unavailable'),
  DATABASE_UNAVAILABLE: unavailable('Service Unavailable'),
  DOCKER_UNAVAILABLE: unavailable('Service Unavailable'),
} as const satisfies Record<string, ErrorDefinition>;

export type ApiErrorCode = keyof typeof API_ERRORS;

/** Reasons why a deployment FAILED, the values of `deployment.errorCode`, each with what the user can do about it. */
export const DEPLOYMENT_ERRORS = {
  IMAGE_NOT_FOUND: 'Check the image name and the tag; a private image needs `registryAuth`.',
  REGISTRY_AUTH: 'Check `registryAuth`: the registry requires credentials, or refused these.',
  REGISTRY_RATE_LIMITED: 'Wait, or set `registryAuth` to an account with a higher rate limit.',
  REGISTRY_UNREACHABLE: 'Check the registry host in `image`, and that this machine can reach it.',
  REGISTRY_HOST_NOT_ALLOWED:
    'Use a public registry, or ask the operator to list this one in REGISTRY_ALLOWED_PRIVATE_HOSTS.',
  IMAGE_PLATFORM_MISMATCH: 'Push an image for the platform of this machine.',
  GIT_AUTH: 'Check `gitAuth`: the server requires credentials, or refused these.',
  GIT_NOT_FOUND: 'Check `gitUrl`; a private repository needs `gitAuth`.',
  GIT_REF_NOT_FOUND: 'Check `branch` and `commit`.',
  GIT_SUBMODULE: 'Correct the address or the commit of the submodule in the repository, or send `submodules: false`.',
  GIT_TIMEOUT: 'Deploy again; if it stays slow, check the git server or make the repository smaller.',
  GIT_UNREACHABLE: 'Check the host in `gitUrl`, and that this machine can reach it.',
  GIT_HOST_NOT_ALLOWED: 'Use a public git host, or ask the operator to list this one in GIT_ALLOWED_PRIVATE_HOSTS.',
  REPO_TOO_LARGE: 'Make the repository smaller, or ask the operator to raise GIT_MAX_REPOSITORY_MB.',
  UPLOAD_GONE: 'Upload the folder again: an upload is kept for an hour.',
  DOCKERFILE_INVALID:
    'Correct the Dockerfile, `dockerfile` or `buildContext`; without a Dockerfile give `baseImage` and `startCommand`.',
  BUILD_FAILED: 'Read the last lines in this message, and GET /deployments/{id}/build-logs.',
  BUILD_TIMEOUT: 'Make the build faster, or ask the operator to raise BUILD_DEADLINE_SECONDS.',
  RELEASE_COMMAND_FAILED: 'Read the last lines in this message, and correct `releaseCommand` or what it runs.',
  CONTAINER_CRASHED: 'Read the last log lines in this message, and GET /deployments/{id}/logs.',
  HEALTHCHECK_TIMEOUT: 'Check `healthCheck`, or give the application more `startPeriodSeconds`.',
  PORT_NOT_LISTENING: 'Let the application listen on 0.0.0.0 and the declared port, or correct `ports`.',
  HOST_PORT_TAKEN: 'Choose another `ports[].host`.',
  DISK_FULL: 'Ask the operator to free disk space.',
  DOCKER_UNAVAILABLE: 'Ask the operator to check the Docker Engine.',
  NOT_SCHEDULED: 'Reduce the resources: no node can run this.',
  DEADLINE_EXCEEDED: 'Check the steps of the deployment: it took too long.',
  CANCELLED: 'It was cancelled or deleted before it ran.',
  SUPERSEDED: 'A newer release of the same name replaced it before it started.',
  INTERNAL: 'This is a fault of the platform: give the operator the requestId or the jobId.',
} as const satisfies Record<string, string>;

export type DeploymentErrorCode = keyof typeof DEPLOYMENT_ERRORS;

/** Reasons why a run did not succeed, the values of `run.errorCode`, each with what the user can do about it. */
export const RUN_ERRORS = {
  COMMAND_FAILED: 'Read the last lines in this message, and GET /runs/{id}/logs.',
  NOT_STARTED: 'Check that `command` names a program of the image, and that the image still exists.',
  RUN_LOST: 'Check what the command has done before you run it again: it may have begun.',
  TIMED_OUT: 'Give it more `timeoutSeconds`, or make the command faster.',
  CANCELLED: 'It was cancelled, or its environment was deleted.',
} as const satisfies Record<string, string>;

export type RunErrorCode = keyof typeof RUN_ERRORS;
