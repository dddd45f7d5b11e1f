#!/bin/sh
# What a container engine does for `docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 1654:1654 -v ...:/models`,
# with the system folders of this machine below. Run as root by `unshare --mount --pid --fork`, so that the command becomes process 1.
# container.sh FOLDER COMMAND...: FOLDER holds app/ and what is below /writable in the image; the environment is the caller's.
set -eu
folder=$1
shift
root=$folder/root
mkdir -p "$root"
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"

# A folder of the machine, read-only.
show() {
    mkdir -p "$root$2"
    mount --bind "$1" "$root$2"
    mount -o remount,bind,ro "$root$2"
}

for name in bin sbin lib lib64 usr etc; do
    if [ -L "/$name" ]; then
        ln -s "$(readlink "/$name")" "$root/$name"
    elif [ -d "/$name" ]; then
        show "/$name" "/$name"
    fi
done
show "$folder/app" /app
show "$DOTNET_ROOT" /dotnet
for path in "$folder"/writable/*; do
    name=/$(basename "$path")
    chown 1654:1654 "$path"
    mkdir "$root$name"
    mount --bind "$path" "$root$name"
done
mkdir "$root/tmp" "$root/proc" "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero random urandom; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/dev/shm"
mount -o remount,ro "$root/dev"
mount -o remount,ro "$root"
export DOTNET_ROOT=/dotnet
exec chroot "$root" env -C /app setpriv --reuid 1654 --regid 1654 --clear-groups --bounding-set -all --inh-caps -all --ambient-caps -all --no-new-privs "$@"
