export function firstDeployment(settings?: { dataDir?: string; dataDirIsFromShell?: boolean }): string;
export function laterReleases(): string;
export function firstDeploymentWithCurl(): string;
