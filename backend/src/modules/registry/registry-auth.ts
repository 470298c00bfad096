import bcrypt from 'bcrypt';
import type { SecretBox } from '#src/core/crypto/secret-box.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';

const USERNAME = 'berth';
/** The password is 256 random bits: neither a salt of its own nor many rounds would make it harder to guess. */
const SALT = '$2b$05$BerthOwnRegistrySalt..';

/**
 * Who may use the own registry: the platform and, through Swarm, the nodes. Not whoever can have an engine fetch something, as a Dockerfile can by FROM and
 * ADD: what is in it belongs to many. Follows from the encryption key, so that it is the same for every process and after a restore.
 */
export function ownRegistryAuth(secrets: SecretBox, address: string): RegistryAuth {
  return { username: USERNAME, password: secrets.subkey('own registry').toString('base64url'), serveraddress: address };
}

/** As the registry wants it: https://distribution.github.io/distribution/about/configuration/#htpasswd */
export async function htpasswd({ username, password }: RegistryAuth): Promise<string> {
  return `${username}:${await bcrypt.hash(password, SALT)}\n`;
}
