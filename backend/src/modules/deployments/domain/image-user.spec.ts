import { describe, expect, it } from 'vitest';
import { userIdsOf } from './image-user.js';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n';
const GROUP = 'root:x:0:\nnode:x:1001:\nstaff:x:50:node\n';

describe("the ids of an image's user", () => {
  it.each([
    ['node', { uid: 1000, gid: 1001 }],
    ['1000', { uid: 1000, gid: 1001 }],
    ['4242', { uid: 4242, gid: 0 }],
    ['1000:50', { uid: 1000, gid: 50 }],
    ['node:staff', { uid: 1000, gid: 50 }],
    ['node:0', { uid: 1000, gid: 0 }],
    ['', undefined],
    ['root', undefined],
    ['0:1000', undefined],
    ['nobody', undefined],
    ['node:nothing', undefined],
  ])('must be found for %j', (user, ids) => expect(userIdsOf(user, PASSWD, GROUP)).toEqual(ids));

  it('must be the numbers of an image without tables', () =>
    expect(userIdsOf('65532:65532', '', '')).toEqual({ uid: 65532, gid: 65532 }));
});
