/** 1–32 characters; Docker limits the name of the network, which contains it, to 63. */
export const ENVIRONMENT_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,30}[a-zA-Z0-9])?$/;

/** The overlay's name, 58 characters at most. */
export function overlayName(environmentName: string, createdAt: Date): string {
  return `overlay_env_${environmentName}_${createdAt.getTime()}`;
}
