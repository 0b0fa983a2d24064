#!/bin/busybox sh
# What is done with the first virtio disk, /dev/vda; $1 says which of the following. Needs busybox, /proc, /dev, and
# the modules virtio_mmio, virtio_blk, crc32c_generic and ext4 loaded. Every line that it prints begins with "disk: ".
#
#   make    Partitions the disk (one partition from sector 2048 on), makes a file system in it (ext2, which the driver of
#           ext4 mounts), writes some files, unmounts it, mounts it again and reads them. Prints
#               disk: SHA256  NAME          for each file NAME in the root of the file system
#               disk: whole SHA256          the sum of the whole disk, which is that of the image afterwards
#               disk: made                  at the end, or "disk: failed: WHAT"
#   flood   Needs a disk that `make` has made. Writes file after file, without end, each made durable before the next:
#               disk: flushed NAME SHA256   when fsync has returned: whatever happens now, the file is there
#           The host kills the machine in the middle of it.
#   verify  Checks the file system's files against their sums. Prints
#               disk: SHA256  NAME          for each file, in order of the names
#               disk: verified

fail() {
    echo "disk: failed: $*"
    exit 1
}

mount_disk() {
    mkdir -p /mnt
    mount -t ext4 /dev/vda1 /mnt || fail mount
}

sums() {
    (cd /mnt && sha256sum $(find . -type f | sort | sed 's,^\./,,')) | sed 's/^/disk: /'
}

case "$1" in
make)
    printf 'o\nn\np\n1\n2048\n\nw\n' | fdisk -u /dev/vda > /dev/null 2>&1
    [ -b /dev/vda1 ] || fail fdisk
    mke2fs /dev/vda1 > /dev/null 2>&1 || fail mke2fs
    mount_disk
    # Sizes from nothing to many requests, and one that ends within a sector.
    for size in 0 1 512 4096 65537 3000000; do
        head -c "$size" /dev/urandom > "/mnt/file-$size" || fail "write $size"
    done
    before=$(sums)
    umount /mnt || fail umount
    # What the kernel remembers of the disk is dropped, so that it is read again.
    echo 3 > /proc/sys/vm/drop_caches
    mount_disk
    [ "$(sums)" = "$before" ] || fail "the files have changed"
    echo "$before"
    umount /mnt || fail umount
    sync
    echo "disk: whole $(sha256sum /dev/vda | cut -d ' ' -f 1)"
    echo "disk: made"
    ;;
flood)
    mount_disk
    number=0
    while :; do
        number=$((number + 1))
        name="flood-$number"
        dd if=/dev/urandom "of=/mnt/$name" bs=64k count=$((number % 7 + 1)) conv=fsync 2> /dev/null || fail "$name"
        echo "disk: flushed $name $(sha256sum "/mnt/$name" | cut -d ' ' -f 1)"
        # The file system does not fill up.
        rm -f "/mnt/flood-$((number - 20))"
    done
    ;;
verify)
    mount_disk
    sums
    umount /mnt || fail umount
    echo "disk: verified"
    ;;
*)
    fail "make, flood or verify, not \"$1\""
    ;;
esac
