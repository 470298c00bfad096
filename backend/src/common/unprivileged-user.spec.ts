import { expect, it } from 'vitest';
import { idleUserIn } from './unprivileged-user.js';

it('git must run as a user that is neither root nor that of PostgreSQL, and that ssh knows', () => {
  const root = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/sbin/nologin\n';
  expect(idleUserIn(`${root}daemon:x:1:1::/:/x\nbin:x:2:2:bin:/bin:/sbin/nologin\n`)).toEqual({ uid: 2, gid: 2 });
  expect(idleUserIn(`${root}daemon:x:1:1::/:/x\n`)).toEqual({ uid: 1, gid: 1 });
  expect(idleUserIn(`${root}bin:x:0:0::/:/x\n`)).toEqual({ uid: 65_534, gid: 65_534 });
});
