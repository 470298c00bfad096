/** @module-tag long */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { CertificateBundle } from '#src/integrations/git/certificate-bundle.js';
import { EgressPolicy } from '#src/integrations/git/egress-policy.js';
import type { GitError } from '#src/integrations/git/git-error.js';
import { GitRepositories } from '#src/integrations/git/git-repositories.js';
import type { GitAuth } from '#src/integrations/git/git-source.js';
import { parseGitUrl } from '#src/integrations/git/git-url.js';
import { GIT_TOKEN, GitServer } from '../testbed/git-server.js';

interface Wanted {
  auth?: GitAuth;
  ref?: string;
  commit?: string;
  submodules?: boolean;
}

describe('a repository on a real server', () => {
  const { signal } = new AbortController();
  const auth = { token: GIT_TOKEN };
  const files = { 'own.txt': 'x' };
  let git: GitServer;
  let repositories: GitRepositories;
  let work = '';
  let count = 0;

  beforeAll(async () => {
    git = await new GitServer().start();
    work = await mkdtemp(path.join(tmpdir(), 'berth-clones-'));
    await chmod(work, 0o755);
    const config = Config.load(
      {
        PATH: process.env.PATH,
        DATA_DIR: work,
        GIT_CA_FILE: git.caFile,
        GIT_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
        GIT_MAX_REPOSITORY_MB: '5',
      },
      'none',
    );
    await mkdir(config.git.dir, { recursive: true });
    const knownHosts = path.join(config.git.dir, 'known_hosts');
    await writeFile(knownHosts, '');
    await chmod(knownHosts, 0o666);
    repositories = new GitRepositories(new EgressPolicy(config), new CertificateBundle(config), config);
  });
  afterAll(async () => {
    git.stop();
    await rm(work, { recursive: true, force: true });
  });

  function sourceOf(gitUrl: string, credentials: GitAuth | undefined) {
    const url = parseGitUrl(gitUrl);
    if (!url.ok) throw new Error(url.problem);
    return { url: url.value, auth: credentials };
  }

  async function fetch(gitUrl: string, { auth: credentials, ref, commit, submodules = false }: Wanted = {}) {
    const dir = path.join(work, `${++count}`);
    const lines: string[] = [];
    const { sha, ref: name } = await repositories.fetch(sourceOf(gitUrl, credentials), {
      dir,
      revision: { ref, commit },
      submodules,
      onLine: (line) => lines.push(line),
      onProgress: () => undefined,
      signal,
    });
    const tree = await readdir(path.join(dir, 'tree'), { recursive: true });
    return { sha, ref: name, files: tree.filter((file) => file.endsWith('.txt')).toSorted(), lines };
  }

  const failureOf = (gitUrl: string, wanted: Wanted = {}): Promise<GitError> =>
    fetch(gitUrl, wanted).then(
      () => expect.fail(`${gitUrl} was fetched`),
      (error: unknown) => error as GitError,
    );
  const lookUp = (gitUrl: string, ref?: string, commit?: string) =>
    repositories.lookUp(sourceOf(gitUrl, undefined), { ref, commit }, { dir: path.join(work, `${++count}`), signal });

  it('must give the branch before the tag of a name, and what a full name says', async () => {
    const first = await git.create('My Shop/app', files, { tag: 'v1' });
    const branch = await git.commit('My Shop/app', { 'branch.txt': 'x' }, { branch: 'v1' });
    const pull = await git.commit('My Shop/app', { 'pull.txt': 'x' }, { branch: 'refs/pull/7/head' });
    const slashes = await git.commit('My Shop/app', { 'slashes.txt': 'x' }, { branch: 'feature/a/b' });
    const url = git.url('My%20Shop/app');
    for (const [ref, sha, name] of [
      [undefined, first, 'main'],
      ['refs/heads/main', first, 'main'],
      ['v1', branch, 'v1'],
      ['refs/tags/v1', first, 'v1'],
      ['feature/a/b', slashes, 'feature/a/b'],
      ['refs/pull/7/head', pull, 'refs/pull/7/head'],
    ] as const) {
      expect(await fetch(url, { ...(ref && { ref }) })).toMatchObject({ sha, ref: name });
      expect(await lookUp(url, ref)).toBe(sha);
    }
    const overSsh = await fetch(git.sshUrl('My%20Shop/app'), { auth: { sshKey: git.sshKey }, ref: 'v1' });
    expect(overSsh).toMatchObject({ sha: branch, files: ['branch.txt'] });
    const missing = await failureOf(url, { ref: 'mian' });
    expect(missing).toMatchObject({
      kind: 'ref-not-found',
      message: expect.stringContaining('there is main') as string,
    });
    expect((await failureOf(url, { ref: 'refs/heads/x' })).message).toContain('There is no ref refs/heads/x in');
    await expect(lookUp(url, 'mian')).rejects.toMatchObject({ kind: 'ref-not-found', message: missing.message });
  });

  it('must give the only branch when the default one does not exist, and name those there are', async () => {
    const sha = await git.create('dangling', files);
    await git.setHead('dangling', 'master');
    expect(await fetch(git.url('dangling'))).toMatchObject({ sha, ref: 'main', files: ['own.txt'] });
    expect(await lookUp(git.url('dangling'))).toBe(sha);
    await git.commit('dangling', files, { branch: 'dev' });
    const message = 'Its default branch master does not exist; send branch (there is main, dev).';
    expect(await failureOf(git.url('dangling'))).toMatchObject({ kind: 'ref-not-found', message });
    await expect(lookUp(git.url('dangling'))).rejects.toMatchObject({ message });
    expect(await lookUp(git.url('dangling'), undefined, 'a'.repeat(40))).toBe('a'.repeat(40));
    await git.create('empty', {});
    for (const ref of [undefined, 'main']) {
      const empty = { kind: 'ref-not-found', message: expect.stringContaining('The repository is empty') as string };
      expect(await failureOf(git.url('empty'), { ...(ref && { ref }) })).toMatchObject(empty);
      await expect(lookUp(git.url('empty'), ref)).rejects.toMatchObject(empty);
    }
  });

  it('must give a commit by its id, also of a server that sends those of refs only', async () => {
    for (const name of ['history', 'old/history']) {
      const first = await git.create(name, { 'first.txt': 'x' });
      const second = await git.commit(name, { 'second.txt': 'x' });
      await git.commit(name, { 'third.txt': 'x' });
      expect(await fetch(git.url(name), { commit: first })).toMatchObject({ sha: first, files: ['first.txt'] });
      const ofBranch = await fetch(git.url(name), { commit: second, ref: 'main' });
      expect(ofBranch).toMatchObject({ sha: second, ref: 'main', files: ['second.txt'] });
      const missing = await failureOf(git.url(name), { commit: 'a'.repeat(40) });
      expect(missing.kind).toBe('ref-not-found');
      if (name === 'old/history') expect(missing.message).toContain('in any branch');
    }
  });

  it('must have submodules and theirs by https with its token, whatever form their addresses have', async () => {
    await git.create('private/leaf', { 'leaf.txt': 'x' });
    await git.create('private/theme', { 'theme.txt': 'x' }, { submodules: { 'deep/leaf': '../leaf.git' } });
    await git.create('private/parent', files, {
      submodules: {
        a: '../theme.git',
        'my lib': 'git@127.0.0.1:private/leaf.git',
        c: 'ssh://git@127.0.0.1:2222/private/leaf.git',
        d: git.url('private/theme'),
      },
    });
    const theme = (folder: string) => [`${folder}/deep/leaf/leaf.txt`, `${folder}/theme.txt`];
    const all = await fetch(git.url('private/parent'), { auth, submodules: true });
    expect(all.files).toEqual([...theme('a'), 'c/leaf.txt', ...theme('d'), 'my lib/leaf.txt', 'own.txt']);
    expect((await fetch(git.url('private/parent'), { auth })).files).toEqual(['own.txt']);
  });

  it('must have submodules by ssh with its key, and by https what that does not reach', async () => {
    await git.create('private/leaf', { 'leaf.txt': 'x' });
    await git.create('private/branch', { 'branch.txt': 'x' }, { submodules: { leaf: '../leaf.git' } });
    await git.create('library', { 'library.txt': 'x' });
    const submodules = { a: '../branch.git', b: git.sshUrl('private/leaf'), c: git.url('library') };
    await git.create('private/over-ssh', files, { submodules });
    const overSsh = await fetch(git.sshUrl('private/over-ssh'), { auth: { sshKey: git.sshKey }, submodules: true });
    expect(overSsh.files).toEqual(['a/branch.txt', 'a/leaf/leaf.txt', 'b/leaf.txt', 'c/library.txt', 'own.txt']);
  });

  it('must have a submodule whose commit is not the newest, also of a server that sends those of refs only', async () => {
    await git.create('old/older', { 'then.txt': 'x' });
    await git.create('lib', { 'then.txt': 'x' });
    await git.create('pinned', files, { submodules: { lib: '../lib.git' } });
    await git.create('old/pinned', files, { submodules: { lib: './../older.git' } });
    await git.commit('lib', { 'now.txt': 'x' });
    await git.commit('old/older', { 'now.txt': 'x' });
    for (const name of ['pinned', 'old/pinned']) {
      const { files: found } = await fetch(git.url(name), { submodules: true });
      expect(found).toEqual(['lib/then.txt', 'own.txt']);
    }
  });

  it('must say in words for people why a submodule is not there', async () => {
    await git.create('private/closed', files);
    const fail = async (name: string, url: string) => {
      await git.create(name, files, { submodules: { theme: url } });
      const failure = await failureOf(git.url(name), { submodules: true });
      expect(failure.message).toContain('The submodule theme');
      expect(failure.message).not.toMatch(/askpass|\/home|\/tree|terminal prompts/);
      return failure;
    };
    expect(await fail('refused', '../private/closed.git')).toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('Send gitAuth with a token') as string,
    });
    expect(await fail('local', 'file:///srv/closed.git')).toMatchObject({ kind: 'submodule' });
    expect(await fail('missing', '../nowhere/closed.git')).toMatchObject({ kind: 'submodule' });
    await git.create('other-host', files, { submodules: { theme: 'https://10.0.0.1/acme/closed.git' } });
    expect(await failureOf(git.url('other-host'), { submodules: true })).toMatchObject({ kind: 'not-allowed' });
  });

  it('must not let a repository that contains itself grow without end', async () => {
    await git.create('self', files);
    await git.commit('self', files, { submodules: { self: './../self.git' } });
    await git.commit('self', files, { submodules: { self: './../self.git' } });
    const failure = await fetch(git.url('self'), { submodules: true }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ files: ['own.txt', 'self/own.txt', 'self/self/own.txt'] });
  });
});
