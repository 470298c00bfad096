import { describe, expect, it } from 'vitest';
import { DockerfileRefusal, foreignImagesOf } from './foreign-images.js';

const platform = { os: 'linux', arch: 'amd64' };
const images = (text: string, buildArgs: Record<string, string> = {}) => foreignImagesOf({ text, buildArgs, platform });

describe('the images that a Dockerfile takes from registries', () => {
  it.each([
    ['FROM busybox', ['busybox']],
    ['from --platform=$BUILDPLATFORM "busybox:1.36" AS build\nFROM scratch\nCOPY --from=build / /', ['busybox:1.36']],
    ['FROM a AS one\nFROM ONE\nCOPY --from=0 / /\nCOPY --from=two / /\nFROM b as two', ['a', 'two', 'b']],
    ['ARG V=1\nARG I=node:${V:-2}\nFROM $I\nFROM ${V:+x}${V}', ['node:1', 'x1']],
    ['ARG V\nFROM node:${V:-22}-slim', ['node:22-slim']],
    ['FROM img-${TARGETARCH}', ['img-amd64']],
    ['# escape=\\\nFROM \\\n  # a comment\n\n  busybox', ['busybox']],
    ['FROM a\nRUN x \\\\\nFROM b\nRUN y \\\u00a0\nFROM c\n\u0085FROM d', ['a', 'b', 'c', 'd']],
    ['FROM a\nCOPY --fr\\om=b / /\nCOPY --"from"=c / /\nRUN --mount=type=bind,"FROM=d" x', ['a', 'b', 'c', 'd']],
    ['FROM \\\n# a comment\nbusybox \\\nAS x\nRUN --mount=type=bind,from=x,target=/x true', ['busybox']],
    ['FROM a\nRUN --network=none --mount=type=bind,from=b,target=/b true', ['a', 'b']],
    ['FROM a\nONBUILD COPY --link --from=b / /', ['a', 'b']],
    ['FROM a\nRUN <<EOF cat <<-"TWO"\nFROM no\nEOF\nFROM neither\n\tTWO\nFROM b', ['a', 'b']],
    ['FROM a\nRUN echo "<<EOF"\nFROM b', ['a', 'b']],
    ['\uFEFF# syntax=docker/dockerfile:1.7\r\nFROM a\r\n', ['a']],
    ['FROM a\nRUN echo FROM b\nRUN x \\\n FROM c', ['a']],
    ['FROM a\nADD https://example.com/file.tar.gz /\nADD x.git /', ['a']],
    ['FROM scratch', []],
  ])('%j', (text, expected) => {
    expect(images(text)).toEqual(expected);
  });

  it('must follow build arguments, which override defaults', () => {
    expect(images('ARG I=a\nFROM $I', { I: 'b' })).toEqual(['b']);
    expect(images('ARG I\nFROM ${I}', { I: 'b' })).toEqual(['b']);
  });

  it.each([
    ['# syntax=mallory/frontend\nFROM a', 'syntax'],
    ['// syntax = mallory/frontend\nFROM a', 'syntax'],
    ['#!/usr/bin/x\n# escape=\\\n#Syntax=mallory/frontend\nFROM a', 'syntax'],
    ['{"syntax":"mallory/frontend"}', 'syntax'],
    ['# escape=`\nFROM a', 'escape'],
    ['FROM $UNKNOWN', 'without a known value'],
    ['FROM ${A#b}', 'without a known value'],
    ['ARG A\nFROM a$A', 'without a known value'],
    ['FROM a\nCOPY --from=$B / /', 'without a known value'],
    ['FROM a\nADD https://example.com/r.git /', 'Git repository'],
    ['FROM a\nADD --keep-git-dir=true https://example.com/r.git#main:sub /', 'Git repository'],
    ['FROM a\nADD ["git@example.com:r", "/x"]', 'Git repository'],
    ['FROM a\nARG U=https://example.com/r.git\nADD $U /', 'Git repository'],
    ['FROM a\nADD ssh://git@example.com/r /', 'Git repository'],
    ['FROM a\nADD ${FROM_BASE} /', 'without a known value'],
  ])('must be refused: %j', (text, why) => {
    expect(() => images(text)).toThrow(DockerfileRefusal);
    expect(() => images(text)).toThrow(why);
  });

  it('must be read in linear time', () => {
    const begin = process.cpuUsage();
    const deep = '${A:-'.repeat(30_000);
    for (const text of [`FROM ${deep}`, `FROM a\n${'RUN <<E\n'.repeat(25_000)}`, `FROM ${'\\\n'.repeat(100_000)}a`])
      try {
        images(text);
      } catch (error) {
        expect(error).toBeInstanceOf(DockerfileRefusal);
      }
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(2000);
  });
});
