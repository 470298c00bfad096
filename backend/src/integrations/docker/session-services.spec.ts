import protobuf from 'protobufjs/light.js';
import { describe, expect, it } from 'vitest';
import { type BuildAnswers, sessionServices } from './session-services.js';

const { Writer, Reader } = protobuf;
const text = (value: string) => Buffer.from(Writer.create().uint32(0x0a).string(value).finish());

function ask(answers: BuildAnswers, path: string, request: Buffer): Buffer | { code: number } {
  let result: Buffer | { code: number } | undefined;
  sessionServices(answers)[path]?.({ request } as never, (error, value) => {
    result = (error as { code: number } | null) ?? value ?? undefined;
  });
  return result ?? Buffer.alloc(0);
}

const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials';
const SECRET = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const answers: BuildAnswers = {
  secrets: { npmrc: 'token\u00e9' },
  credentials: { hosts: ['registry.example.com:5000'], username: 'u', password: 'p' },
};

describe('the session of a build', () => {
  it('must give the credentials to their own host only', () => {
    const reader = Reader.create(ask(answers, CREDENTIALS, text('registry.example.com:5000')) as Buffer);
    expect([reader.uint32(), reader.string(), reader.uint32(), reader.string()]).toEqual([0x0a, 'u', 0x12, 'p']);
    for (const host of ['registry.example.com', 'evil.example.com', '', 'registry-1.docker.io'])
      expect((ask(answers, CREDENTIALS, text(host)) as Buffer).toString()).not.toMatch(/[up]/);
    const none = { ...answers, credentials: undefined };
    expect((ask(none, CREDENTIALS, text('registry.example.com:5000')) as Buffer).toString()).not.toMatch(/[up]/);
  });

  it('must give a secret by its id, and none that is not there', () => {
    const reader = Reader.create(ask(answers, SECRET, text('npmrc')) as Buffer);
    expect([reader.uint32(), Buffer.from(reader.bytes()).toString()]).toEqual([0x0a, 'token\u00e9']);
    for (const id of ['other', '', 'constructor', '__proto__'])
      expect(ask(answers, SECRET, text(id))).toMatchObject({ code: 5 });
  });
});
