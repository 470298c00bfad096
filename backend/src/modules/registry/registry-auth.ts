import bcrypt from 'bcrypt';
import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';

const USERNAME = 'berth';
/** A fixed salt and few rounds suffice: the password has 256 random bits. */
const SALT = '$2b$05$BerthOwnRegistrySalt..';

/**
 * Returns the only credentials of the built-in registry, for the platform and, through Swarm, its nodes. Without them a
 * Dockerfile could read other users' images with FROM or ADD. Derived from the encryption key, so they are the same in
 * every process and after a restore.
 */
export function platformRegistryAuth(secrets: SecretBox, address: string): RegistryAuth {
  return { username: USERNAME, password: secrets.subkey('own registry').toString('base64url'), serveraddress: address };
}

/** Returns the file in the format of https://distribution.github.io/distribution/about/configuration/#htpasswd */
export async function htpasswd({ username, password }: RegistryAuth): Promise<string> {
  return `${username}:${await bcrypt.hash(password, SALT)}\n`;
}
