import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Allows one Berth per DATA_DIR. The file contains pid and start time of its holder, so a killed process or a reused pid does not block.
 * A link creates the file atomically. A stale file is moved away before it is checked again, so two concurrent starts cannot both succeed.
 */
export function acquireLock(dataDir, url) {
  const file = lockFile(dataDir);
  let wasStale = false;
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTime: startTime(process.pid), url }));
  try {
    for (;;) {
      if (place(mine, file)) return { wasStale, release: () => rmSync(file, { force: true }) };
      const holder = lockHolder(dataDir);
      if (holder) return { holder };
      wasStale = true;
      removeStale(file, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** The process that runs Berth there: `{ pid, url }`. */
export function lockHolder(dataDir) {
  return liveHolder(lockFile(dataDir));
}

function liveHolder(file) {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8'));
    return startTime(holder.pid) === holder.startTime ? holder : undefined;
  } catch {
    return undefined;
  }
}

function removeStale(file, aside) {
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return; // another process was faster
    throw error;
  }
  if (liveHolder(aside)) place(aside, file); // the file belongs to a live process: restore it
  rmSync(aside);
}

function place(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Field 22 of /proc/PID/stat; the second field, the name, may hold spaces and parentheses. Undefined for a zombie. */
function startTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return /[ZX]/.test(fields[0]) ? undefined : fields[19];
}

function lockFile(dataDir) {
  return path.join(dataDir, 'server.lock');
}
