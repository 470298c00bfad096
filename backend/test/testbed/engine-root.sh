#!/bin/bash
# Holds a mount namespace whose root is the current engine's own file system; the engine enters it, and what it mounts there lives as
# long as this process, across restarts of the engine, as on a real machine. pivot_root and not chroot: exec and health checks of a
# chrooted engine would run in the machine's file system. usage (under unshare -m): engine-root.sh ROOT MOUNTPOINT DATA SOCKETS
set -euo pipefail
root=$1 mountpoint=$2 data=$3 sockets=$4
mount --make-rprivate /
# Runs share what was downloaded; what an engine writes into its root is its own.
mkdir -p "$data/root" "$data/root-work"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$data/root,workdir=$data/root-work" "$mountpoint"
for directory in proc sys dev; do mount --rbind "/$directory" "$mountpoint/$directory"; done
mount -t tmpfs tmpfs "$mountpoint/run"
mkdir -p "$mountpoint$sockets" "$mountpoint/var/lib/docker" "$mountpoint/.old" "$data/docker"
mount --bind "$sockets" "$mountpoint$sockets"
mount --bind "$data/docker" "$mountpoint/var/lib/docker"
cp /etc/resolv.conf /etc/hosts "$mountpoint/etc/"
cd "$mountpoint"
pivot_root . .old
cd /
umount -l /.old
exec sleep infinity
