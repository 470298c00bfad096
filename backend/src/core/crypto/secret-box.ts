import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';

/**
 * Encrypts secrets at rest with AES-256-GCM. A value is sealed to a context (`deployment/{id}/envVars`), so that a
 * copy of it in another row cannot be opened there. The text form is `v1.{iv}.{tag}.{ciphertext}` in base64url.
 */
@Injectable()
export class SecretBox {
  private readonly key: Buffer;

  constructor(config: Config) {
    this.key = config.data.encryptionKey ? decodeKey(config.data.encryptionKey) : storedKey(config.data.keyFile);
  }

  /** Derives a key for another purpose than sealing. */
  subkey(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, '', purpose, 32));
  }

  seal(plaintext: string, context: string): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return ['v1', iv, cipher.getAuthTag(), sealed]
      .map((part) => (typeof part === 'string' ? part : part.toString('base64url')))
      .join('.');
  }

  /** Decrypts a value. Throws when it was changed, moved to another context or sealed with another key. */
  open(sealed: string, context: string): string {
    const [version, ...parts] = sealed.split('.');
    const [iv, tag, ciphertext] = parts.map((part) => Buffer.from(part, 'base64url'));
    if (version !== 'v1' || !iv || !tag || !ciphertext) throw new Error('not a sealed value');
    const decipher = createDecipheriv('aes-256-gcm', this.key, iv, { authTagLength: 16 })
      .setAAD(Buffer.from(context))
      .setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
  }
}

function decodeKey(text: string): Buffer {
  return Buffer.from(text, /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64');
}

/** Reads the key file, or creates it; with `wx` two processes that start together use the same key. */
function storedKey(file: string): Buffer {
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = decodeKey(readFileSync(file, 'utf8').trim());
  if (key.length !== 32)
    throw new Error(
      `${file} does not hold 32 bytes in base64: restore it from a backup, secrets cannot be read without it`,
    );
  return key;
}
