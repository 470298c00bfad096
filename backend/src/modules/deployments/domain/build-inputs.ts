import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { columnsOf } from './deployment-columns.js';
import { type SecretColumn, secretContext } from './secret-context.js';
import { userVariablesOf } from './user-variables.js';

/** Credentials for private base images. Without a registry they are those of the one that requires credentials. */
export interface BuildRegistryAuth {
  username: string;
  password: string;
  /** `ghcr.io`, `registry.example.com:5000`, `docker.io` */
  registry?: string | undefined;
}

/** What a build hears beside its files. It has secrets in clear text, so it stays in memory. */
export interface BuildInputs {
  args: Record<string, string>;
  /** Values by the id of `RUN --mount=type=secret,id=…`. */
  secrets: Record<string, string>;
  registryAuth: BuildRegistryAuth | undefined;
}

/** The build argument that has the commit of a repository. */
export const SOURCE_COMMIT = 'SOURCE_COMMIT';
/** A name of a variable that an `ARG` may have; BUILDKIT_* are settings of BuildKit, such as its frontend. */
const ARG_NAME = /^(?!BUILDKIT_)[A-Za-z_]\w{0,255}$/;

export function isArgName(name: string): boolean {
  return ARG_NAME.test(name);
}

/** Opens what the row has sealed. */
export function buildInputsFrom(row: Deployment, secrets: SecretBox): BuildInputs {
  const open = (column: SecretColumn): unknown => {
    const sealed = row[column];
    return sealed ? JSON.parse(secrets.open(sealed, secretContext(row.jobId, column))) : undefined;
  };
  const passesVariables = columnsOf(row).gitOptions?.buildEnvVars ?? false;
  return {
    args: buildArguments({
      commit: row.source === 'GIT' ? row.gitCommitSha : null,
      envVars: passesVariables ? userVariablesOf(row, secrets) : {},
      buildArgs: (open('buildArgs') ?? {}) as Record<string, string>,
    }),
    secrets: (open('buildSecrets') ?? {}) as Record<string, string>,
    registryAuth: row.source === 'IMAGE' ? undefined : (open('registryAuth') as BuildRegistryAuth | undefined),
  };
}

/** The build arguments; those of the request win. */
export function buildArguments({
  commit,
  envVars,
  buildArgs,
}: {
  commit: string | null;
  /** only of `buildEnvVars` */
  envVars: Record<string, string>;
  buildArgs: Record<string, string>;
}): Record<string, string> {
  const variables = Object.fromEntries(Object.entries(envVars).filter(([name]) => isArgName(name)));
  return { ...(commit !== null && { [SOURCE_COMMIT]: commit }), ...variables, ...buildArgs };
}
