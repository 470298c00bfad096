import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { secretContext } from './secret-context.js';

/** The variables of the request, in clear text. */
export function userVariablesOf({ envVars, jobId }: Deployment, secrets: SecretBox): Record<string, string> {
  if (!envVars) return {};
  return JSON.parse(secrets.open(envVars, secretContext(jobId, 'envVars'))) as Record<string, string>;
}
