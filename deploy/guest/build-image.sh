#!/bin/sh
# Builds Almanac's small guest image (a kernel and an initramfs) into a directory, which is then one
# image of a worker's image store. Everything comes from Debian's packages; nothing is installed:
#
#   deploy/guest/build-image.sh /var/lib/almanac/images/default
#
# Needs Debian or a relative of it, with busybox-static, cpio and lz4 (which makes guests start
# faster, and may be missing). The kernel is downloaded, or taken from KERNEL_PACKAGE=FILE.deb.
set -eu

[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
for tool in busybox cpio dpkg apt-get; do
  command -v $tool >/dev/null || { echo "$tool is missing: apt-get install busybox-static cpio" >&2; exit 1; }
done
# `ldd` knows nothing of a static program and says so by its exit code.
if ldd "$(command -v busybox)" >/dev/null 2>&1; then
  echo "busybox is not the static one: apt-get install busybox-static" >&2
  exit 1
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
cd "$scratch"

package=${KERNEL_PACKAGE:-}
if [ -z "$package" ]; then
  name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  [ -n "$name" ] || { echo "no linux-image-cloud-amd64 among the packages: apt-get update" >&2; exit 1; }
  apt-get download -qq -o APT::Sandbox::User=root "$name"
  package=$(echo "$scratch"/linux-image-*.deb)
fi
dpkg -x "$package" unpacked
release=$(basename unpacked/lib/modules/*)
kernel=unpacked/boot/vmlinuz-$release

# A kernel that need not unpack itself starts 0.2 to 0.5 s sooner where KVM is missing.
if command -v lz4 >/dev/null; then
  offset=$(grep -abo "$(printf '\002\041\114\030')" "$kernel" | head -n 1 | cut -d: -f1)
  if [ -n "$offset" ]; then
    tail -c "+$((offset + 1))" "$kernel" | lz4 -dcq >vmlinux 2>/dev/null || true
    # Its first bytes say whether that went well.
    [ "$(head -c 4 vmlinux | tail -c 3)" = ELF ] && kernel=vmlinux
  fi
fi

root=root
mkdir -p $root/bin $root/sbin $root/usr/bin $root/usr/sbin $root/etc $root/modules $root/proc $root/sys $root/dev
cp "$(command -v busybox)" $root/bin/busybox
for applet in $(busybox --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
ln -s ../../bin/env $root/usr/bin/env
echo 'root:x:0:0:root:/root:/bin/sh' >$root/etc/passwd
echo 'root:x:0:' >$root/etc/group
cp "$here/init" $root/init
chmod 755 $root/init
# Prints the names of a module and of those that it needs, in the order in which they load. What is
# built into the kernel has no file. In a subshell, for sh knows no local variables.
load_order() (
  for module in "$@"; do
    file=$(find unpacked/lib/modules -name "$module.ko")
    [ -n "$file" ] || continue
    # shellcheck disable=SC2046 # names of modules hold no spaces
    load_order $(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr ',' ' ')
    cp "$(find unpacked/lib/modules -name "$module.ko")" "$root/modules/$module.ko"
    echo "$module"
  done
)
once() { awk '!seen[$0]++'; }
load_order virtio_pci virtio_console | once >$root/modules/order
load_order virtio_net | once | grep -vxFf $root/modules/order >$root/modules/order-network
load_order virtio_blk isofs | once | grep -vxFf $root/modules/order >$root/modules/order-disk
[ -s $root/modules/order ] || { echo "the kernel has no virtio modules" >&2; exit 1; }

# Not compressed: unpacking costs a guest more than reading. A multiple of 512 bytes, so that an
# archive can be appended.
(cd $root && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >initramfs
# Whole files only: a worker may be reading the directory.
mv "$kernel" "$target/kernel.new"
mv initramfs "$target/initramfs.new"
chmod 644 "$target/kernel.new" "$target/initramfs.new"
mv "$target/kernel.new" "$target/kernel"
mv "$target/initramfs.new" "$target/initramfs"
(cd "$target" && sha256sum kernel initramfs >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
echo "$target: kernel $release"
