import type { Deployment, Environment } from '#src/generated/prisma/client.js';

type Row = Pick<Deployment, 'id' | 'name' | 'gitCommitSha' | 'virtualHost'> & {
  environment: Pick<Environment, 'name' | 'publicDomain'>;
};

/**
 * The variables that every container gets, as they are when its service is created. A variable of the same name in the
 * request wins. Empty: an image without a commit, or no public name.
 */
export function platformVariables({ id, name, gitCommitSha, virtualHost, environment }: Row): Record<string, string> {
  const domain = environment.publicDomain ?? virtualHost;
  return {
    BERTH_ENVIRONMENT: environment.name,
    BERTH_NAME: name,
    BERTH_DEPLOYMENT_ID: id,
    BERTH_COMMIT: gitCommitSha ?? '',
    BERTH_PUBLIC_URL: domain === null ? '' : `https://${domain}`,
  };
}
