#!/usr/bin/env bash
# Process 1 of a machine, in namespaces of its own: a name, disks, and sshd.
#
#     init.sh NAME DISK SHARED [FOLDER...]
#
# DISK has its `root`, `tmp`, `hosts` and `sshd_config`. SHARED stands for NFS: ~/nfs on all machines.
# The FOLDERs are to be seen as they are outside, also where a disk of its own would hide them, and
# nobody here may write to them.
set -euo pipefail
name=$1 disk=$2 shared=$3
shift 3

mount --make-rprivate /
hostname "$name"
ip link set lo up

# Where no later mount hides it: DISK itself may be in /tmp.
mount -t tmpfs none /run
mkdir -p /run/sshd /run/disk "$disk/root/nfs"
mount --bind "$disk" /run/disk
mount --bind "$shared" /run/disk/root/nfs
for folder in "$@"; do
    case "$folder" in
    /root/* | /tmp/*)
        mkdir -p "/run/disk$folder"
        mount --bind -o ro "$folder" "/run/disk$folder"
        ;;
    *) mount --bind -o ro "$folder" "$folder" ;;
    esac
done
mount -t tmpfs none /dev/shm
mount --bind /run/disk/hosts /etc/hosts
mount --rbind /run/disk/root /root
mount --rbind /run/disk/tmp /tmp

cd /
exec "$(command -v sshd)" -D -e -f /run/disk/sshd_config
