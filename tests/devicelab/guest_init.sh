#!/bin/sh
# The guest's first process: load the modules, lay a layer in RAM over the host's read-only files, run one command
# there and power off. The last line on the console carries the command's exit status.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
    insmod "/modules/$module" 2>/dev/null || echo "guest: insmod $module failed"
done </modules/order
. /run.env # OUT: a folder of the host that may be written to

die() { echo "guest: $1"; echo "guest: exit status 125"; poweroff -f; }

# cache=loose: the host does not change these files meanwhile, and without it every read is a round trip.
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=1048576 root /lower || die "no 9p root"
mount -t tmpfs tmpfs /rw
mkdir -p /rw/upper /rw/work
mount -t overlay -o "lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work" overlay /mnt || die "no overlay"
mkdir -p /mnt/proc /mnt/sys /mnt/dev /mnt/run /mnt/tmp
mount -t proc proc /mnt/proc
mount -t sysfs sys /mnt/sys
mount --move /dev /mnt/dev
mkdir -p /mnt/dev/pts /mnt/dev/shm
mount -t devpts devpts /mnt/dev/pts
mount -t tmpfs tmpfs /mnt/dev/shm
mount -t tmpfs -o mode=755 tmpfs /mnt/run
mkdir -p "/mnt$OUT"
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576 out "/mnt$OUT" || die "no 9p output folder"
mkdir /mnt/run/guest
cp /command.sh /bin/busybox /mnt/run/guest/
cat >/mnt/run/guest/first <<'END'
/bin/sh /run/guest/command.sh
echo "guest: exit status $?"
/run/guest/busybox poweroff -f
END
umount /proc /sys
exec switch_root /mnt /bin/sh /run/guest/first # not chroot: udevadm ignores every request inside one
