#!/bin/bash
# Runs a command, and everything that it starts, in namespaces of its own: network, mounts, processes, IPC and control groups. Nothing
# of the machine is opened: not its Docker Engine, interfaces, firewall rules, ports, /run, /etc or control groups. The network leaves
# in user mode (slirp4netns). When the command ends, or this script is killed, the kernel ends everything inside. One folder and one
# control group remain; `remove` waits for that moment and deletes them.
#   world.sh run COMMAND…        ends with the exit code of COMMAND; inside, BERTH_WORLD is the folder of the run.
#                                BERTH_WORLD_NETWORK=none leaves it with the loopback interface only
#   world.sh remove FOLDER       used by `run`, as is `enter`
set -euo pipefail
self=$(readlink -f "${BASH_SOURCE[0]}")
. "$(dirname "$self")/../../../script/lib/packages.sh"
state=${BERTH_TESTBED_DIR:-/tmp/berth-testbed}
# Away from the usual networks of machines, of Docker and of Swarm.
network=192.168.213

run() {
  local world inner slirp='' usr status=0
  check_machine
  # Installed, they would start services on the machine, or take the place of its Docker Engine.
  usr=$(unpack_packages "$state/cache/programs" "${service_packages[@]}")
  mkdir -p "$state/worlds"
  for world in "$state"/worlds/*.lock; do # what is left where even the removal was killed
    [ ! -e "$world" ] || flock --nonblock "$world" "$self" remove "${world%.lock}" || true
  done
  world=$(mktemp -d "$state/worlds/XXXXXXXX")
  chmod 755 "$world"
  mkdir "$world"/{run,log,data,etc,etc-work} && mkdir -m 1777 "$world/tmp"
  mkfifo "$world/entered"
  # Everything inside inherits this descriptor: the lock is free once the last process inside has ended.
  exec 9>"$world.lock"
  flock 9
  setpriv --pdeathsig KILL -- "$self" enter "$world" "$usr" "$@" &
  inner=$!
  exec 9>&-
  setsid --fork flock "$world.lock" "$self" remove "$world" </dev/null >/dev/null 2>&1
  trap 'kill -KILL "$inner"; await_removal "$world"; exit 130' INT TERM HUP
  read -r <"$world/entered"
  if [ "${BERTH_WORLD_NETWORK-}" != none ]; then
    setpriv --pdeathsig KILL -- slirp4netns --configure --mtu=1500 --cidr="$network.0/24" --disable-host-loopback \
      "$inner" tap0 >"$world/log/slirp4netns.log" 2>&1 &
    slirp=$!
  fi
  wait "$inner" || status=$?
  [ -z "${slirp-}" ] || kill "$slirp" || true
  await_removal "$world"
  exit "$status"
}

check_machine() {
  local missing=
  if [ "$(id -u)" -ne 0 ]; then missing='root'
  elif [ ! -c /dev/net/tun ]; then missing='/dev/net/tun'
  elif ! unshare --net --mount --ipc --cgroup --pid --fork true 2>/dev/null; then missing='the right to make namespaces'; fi
  [ -n "$missing" ] || return 0
  echo "The tests run apart from this machine, and $missing is missing for that: run them as root on a machine or in a privileged container that has it, or set BERTH_TESTBED=host on a machine that exists for tests only." >&2
  exit 69
}

await_removal() {
  for _ in $(seq 100); do
    [ -e "$1.lock" ] || return 0
    sleep 0.1
  done
}

# Enters the namespaces one after the other, in one process that slirp4netns can name by its id.
enter() {
  local world=$1 usr=$2 hierarchies
  shift 2
  if [ -z "${BERTH_WORLD_ENTERED-}" ]; then
    join_group "berth-test-$(basename "$world")"
    BERTH_WORLD_ENTERED=1 exec unshare --net --mount --ipc --cgroup -- "$self" enter "$world" "$usr" "$@"
  fi
  unset BERTH_WORLD_ENTERED
  hierarchies=$(findmnt -rn -t cgroup,cgroup2 -o TARGET,FSTYPE,FS-OPTIONS)
  mount_own_folders "$world" "$usr"
  mount_groups "$hierarchies"
  ip link set lo up
  echo >"$world/entered"
  [ "${BERTH_WORLD_NETWORK-}" = none ] ||
    until ip -4 -br address show tap0 2>/dev/null | grep -q "$network"; do sleep 0.05; done
  BERTH_WORLD=$world TMPDIR=$world/tmp exec unshare --pid --fork --mount-proc --kill-child -- "$@"
}

# Version 1 has a hierarchy for each controller, version 2 has one.
group_roots() { findmnt -rn -t cgroup,cgroup2 -o TARGET; }

join_group() {
  local root setting
  for root in $(group_roots); do
    mkdir "$root/$1"
    for setting in cpuset.cpus cpuset.mems; do # version 1 takes no process into a group without them
      [ ! -e "$root/cgroup.controllers" ] && [ -e "$root/$setting" ] && cat "$root/$setting" >"$root/$1/$setting"
    done
    echo $$ >"$root/$1/cgroup.procs"
  done
}

mount_own_folders() {
  local world=$1 root=$2
  mount -t tmpfs tmpfs /run
  mkdir -p /run/lock
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  mount -t overlay overlay -o "lowerdir=$root/usr:/usr" /usr
  mount -t overlay overlay -o "lowerdir=$root/etc:/etc,upperdir=$world/etc,workdir=$world/etc-work" /etc
  rm -rf /etc/docker /etc/resolv.conf
  echo "nameserver $network.3" >/etc/resolv.conf
  # What the installation of these packages would have made.
  grep -q '^sshd:' /etc/passwd || echo 'sshd:x:998:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
  grep -q '^docker:' /etc/group || echo 'docker:x:998:' >>/etc/group
}

# The same hierarchies, as the group of this run sees them: a Docker Engine inside makes its groups below.
mount_groups() {
  local target type options
  umount --recursive --lazy /sys
  mount -t sysfs sysfs /sys
  [[ $1 == /sys/fs/cgroup\ * ]] || mount -t tmpfs tmpfs /sys/fs/cgroup
  while read -r target type options; do
    mkdir -p "$target"
    case $type in
      cgroup) mount -t cgroup -o "${options/#rw,name=/none,name=}" cgroup "$target" ;;
      cgroup2) mount -t cgroup2 cgroup2 "$target" ;;
    esac
  done <<<"$1"
  [ -e /sys/fs/cgroup/cgroup.controllers ] || return 0
  # A group of version 2 that hands controllers down must hold no process itself.
  mkdir /sys/fs/cgroup/init
  echo $$ >/sys/fs/cgroup/init/cgroup.procs
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
}

remove() {
  local world=$1 groups
  groups=$(group_roots | sed "s,\$,/berth-test-$(basename "$world"),")
  for _ in $(seq 50); do # the kernel empties a group a moment after its processes have ended
    find $groups -depth -type d -delete 2>/dev/null || true
    ls -d $groups >/dev/null 2>&1 || break
    sleep 0.1
  done
  rm -rf "$world"
  rm -f "$world.lock"
}

"$@"
