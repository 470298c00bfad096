/** Ids of a user, and of its group. */
export interface UserIds {
  uid: number;
  gid: number;
}

/**
 * The ids behind the USER of an image (`node`, `1000`, `node:staff`, `1000:1000`), as the Engine finds them in the image's
 * /etc/passwd and /etc/group. Undefined for root, and for a name that is not there.
 */
export function userIdsOf(user: string, passwd: string, group: string): UserIds | undefined {
  const [name = '', groupName = ''] = user.split(':');
  const account = rowsOf(passwd).find(([accountName, , uid]) => accountName === name || uid === name);
  const uid = idOf(name) ?? idOf(account?.[2]);
  const named = rowsOf(group).find(([rowName]) => rowName === groupName);
  const gid = groupName === '' ? (idOf(account?.[3]) ?? 0) : (idOf(groupName) ?? idOf(named?.[2]));
  return uid && gid !== undefined ? { uid, gid } : undefined;
}

function rowsOf(table: string): string[][] {
  return table.split('\n').map((line) => line.split(':'));
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
