#!/bin/sh
# Builds a small machine image with a disk into a directory, which is then one image of a worker's
# image store: a root file system of Debian packages, a kernel, and an initramfs that mounts the one
# and hands over. Instead of cloud-init it has a few lines of shell that do what cloud-init would: run
# the commands of the user-data on the seed disk. Nothing is installed:
#
#   deploy/guest/build-disk.sh /var/lib/almanac/images/debian [PACKAGE…]
#
# Needs what build-image.sh needs, mmdebstrap, and qemu-utils (without it the disk is raw).
set -eu

[ $# -ge 1 ] || { echo "usage: $0 DIRECTORY [PACKAGE…]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
shift
for tool in mmdebstrap mke2fs busybox cpio; do
  command -v $tool >/dev/null || { echo "$tool is missing: apt-get install mmdebstrap e2fsprogs busybox-static cpio" >&2; exit 1; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
cd "$scratch"

# Its kernel and its modules are those of the small image.
"$here/build-image.sh" "$scratch/small" >/dev/null
mkdir boot root
(cd boot && cpio -i --quiet <../small/initramfs)
rm -rf boot/init boot/modules/order-network
cat >boot/init <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
cat /modules/order /modules/order-disk | while read -r module; do insmod "/modules/$module.ko"; done
mkdir /new
until mount -t ext4 /dev/vda /new; do usleep 10000; done
umount /proc /sys
mount --move /dev /new/dev
exec switch_root /new /sbin/init
INIT
chmod 755 boot/init

packages=$(echo base-files dash bash coreutils mount util-linux grep sed mawk kmod perl-base tar findutils "$@" | tr ' ' ',')
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mmdebstrap --quiet --mode=root --variant=extract --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  "$suite" root
rm -rf root/var/cache/apt/* root/var/lib/apt/lists/* root/boot/*
echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
echo 'root:x:0:' >root/etc/group
[ -e root/bin/sh ] || ln -s dash root/bin/sh
rm -f root/sbin/init
cat >root/sbin/init <<'INIT'
#!/bin/sh
# Stands for an init system with cloud-init: what a seed disk says is done.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec </dev/console >/dev/console 2>&1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mkdir -p /dev/shm /dev/disk/by-id /run/seed
ln -s /proc/self/fd /dev/fd
for disk in /sys/block/vd*; do
  read -r serial <"$disk/serial" || [ "$serial" ] && ln -s "/dev/${disk##*/}" "/dev/disk/by-id/virtio-$serial"
done
hostname guest
for disk in /dev/vd*; do
  [ "$(blkid -o value -s LABEL "$disk")" = cidata ] && mount -o ro "$disk" /run/seed && break
done
sed -n '/^runcmd:/,$ s/^  - //p' /run/seed/user-data >/run/commands
sh /run/commands
echo o >/proc/sysrq-trigger
sleep 10
INIT
chmod 755 root/sbin/init

mke2fs -q -F -t ext4 -L cloudimg-rootfs -d root disk.raw "$(($(du -sm root | cut -f1) + 128))M" 2>/dev/null
disk=disk.raw
if command -v qemu-img >/dev/null; then
  disk=disk.qcow2
  qemu-img convert -O qcow2 disk.raw $disk
fi
(cd boot && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >initramfs
mv small/kernel kernel
sha256sum kernel initramfs $disk >SHA256SUMS
chmod 644 kernel initramfs $disk
rm -f "$target/disk.raw" "$target/disk.qcow2"
mv kernel initramfs $disk SHA256SUMS "$target"
echo "$target: $disk"
