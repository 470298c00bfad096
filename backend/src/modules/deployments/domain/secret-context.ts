export type SecretColumn = 'envVars' | 'registryAuth' | 'gitAuth' | 'buildArgs' | 'buildSecrets';

/** Binds a sealed value to the column of the deployment that it belongs to. */
export function secretContext(jobId: string, column: SecretColumn): string {
  return `deployment/${jobId}/${column}`;
}
